"""The least sensible steps of a scheduler: published with the model, and warned of in the job."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.models_file import write_section
from core.catalog import Catalog, load_catalog
from core.catalog.schedulers import DIFFUSION_SCHEDULERS, list_schedulers
from core.jobs.request.parameter_schema import describe_parameters
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import resolve_request


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A model with schedulers that need several steps and some that do not."""
    section = write_section(
        "one",
        "weights",
        pipeline="StableDiffusionPipeline",
        tasks=["text-to-image", "image-to-image"],
        schedulers=["ddim", "heun", "dpmpp_2m_karras"],
        default_scheduler="ddim",
    )
    (tmp_path / "models.toml").write_text(section)
    return load_catalog(tmp_path / "models.toml")


@pytest.mark.parametrize(
    ("scheduler", "steps", "strength", "warning"),
    [
        ("heun", 5, None, "heun draws wrong colours with fewer than 6 steps; this job does 5"),
        ("heun", 6, None, None),
        ("heun", 5, 1.0, "heun draws wrong colours with fewer than 6 steps; this job does 5"),
        ("heun", 5, 0.6, None),
        ("ddim", 1, None, None),
        ("dpmpp_2m_karras", 7, None, "dpmpp_2m_karras draws wrong colours with fewer than 8 steps; this job does 7"),
        ("dpmpp_2m_karras", 8, 0.5, "dpmpp_2m_karras draws wrong colours with fewer than 5 steps; this job does 4"),
        ("dpmpp_2m_karras", 10, 0.5, None),
    ],
)
def test_a_job_of_too_few_steps_has_a_warning(
    catalog: Catalog, scheduler: str, steps: int, strength: float | None, warning: str | None
) -> None:
    """The steps that are done count, and a picture to start from needs fewer."""
    image = None if strength is None else "art_1"
    request = RenderRequest(
        prompt="a mug", scheduler=scheduler, num_inference_steps=steps, image=image, strength=strength
    )

    sizes = {} if strength is None else {"image": (64, 64)}
    resolved = resolve_request(request, catalog=catalog, default_model="one", input_sizes=sizes)

    assert resolved.warnings == ([] if warning is None else [warning])


def test_the_schema_has_the_numbers(catalog: Catalog) -> None:
    """Of the model's own schedulers, for each way to start that the task has."""
    schemas = {task: schema["properties"]["scheduler"] for task, schema in describe_parameters(catalog, "one").items()}

    assert schemas["text-to-image"]["x-least-steps"] == {"heun": 6, "dpmpp_2m_karras": 8}
    assert "x-least-steps-from-picture" not in schemas["text-to-image"]
    assert schemas["image-to-image"]["x-least-steps"] == {"heun": 6, "dpmpp_2m_karras": 8}
    assert schemas["image-to-image"]["x-least-steps-from-picture"] == {"dpmpp_2m_karras": 5}


def test_models_that_predict_the_picture_have_what_diffusers_has_for_them() -> None:
    """Four schedulers fail at their first step there."""
    names = list_schedulers({"prediction_type": "sample"}, "StableDiffusionPipeline")

    assert set(DIFFUSION_SCHEDULERS) - set(names) == {"euler_ancestral", "kdpm2", "kdpm2_ancestral", "pndm"}
