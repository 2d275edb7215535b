"""What the table of families says of a class beside its signature: what it needs, what does nothing, and which schedulers it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.models_file import write_section
from core.catalog import Catalog, find_signature, load_catalog
from core.errors import InvalidCatalog, InvalidRequest
from core.jobs.request.parameter_schema import describe_parameters
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import ResolvedRequest, resolve_request


def load(folder: Path, class_name: str, **fields: Any) -> Catalog:
    (folder / "models.toml").write_text(write_section("one", "weights", pipeline=class_name, **fields))
    return load_catalog(folder / "models.toml")


def resolve(catalog: Catalog, **fields: Any) -> ResolvedRequest:
    sizes = {"image": (64, 64)} if "image" in fields else {}
    return resolve_request(RenderRequest(**fields), catalog=catalog, default_model="one", input_sizes=sizes)


def refuse(catalog: Catalog, **fields: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        resolve(catalog, **fields)
    return {error.field: error.message for error in caught.value.errors}


@pytest.mark.parametrize(
    "class_name", ["StableDiffusionAdapterPipeline", "StableDiffusionControlNetXSPipeline", "FluxControlPipeline"]
)
def test_a_control_image_can_be_required(tmp_path: Path, class_name: str) -> None:
    """Of a class whose signature has a default for it that it cannot draw with."""
    catalog = load(tmp_path, class_name, tasks=["text-to-image"])
    assert list(refuse(catalog, prompt="a mug")) == ["control_image"]
    assert "control_image" in describe_parameters(catalog, "one")["text-to-image"]["required"]


def test_a_parameter_without_a_default_is_required(tmp_path: Path) -> None:
    """CycleDiffusion needs a prompt for the picture as it is."""
    catalog = load(tmp_path, "CycleDiffusionPipeline", tasks=["image-to-image"])
    assert refuse(catalog, prompt="a mug", image="art_1") == {"source_prompt": "is required"}
    assert "source_prompt" in describe_parameters(catalog, "one")["image-to-image"]["required"]
    job = resolve(catalog, prompt="a mug", image="art_1", source_prompt="a bowl")
    assert job.parameters["source_prompt"] == "a bowl"


def test_a_class_can_draw_with_some_schedulers_only(tmp_path: Path) -> None:
    """A section that offers others is refused at start."""
    assert load(tmp_path, "CycleDiffusionPipeline", tasks=["image-to-image"], schedulers=["ddim", "own"])
    with pytest.raises(InvalidCatalog, match="CycleDiffusionPipeline does not draw with euler, only with ddim, own"):
        load(tmp_path, "CycleDiffusionPipeline", tasks=["image-to-image"], schedulers=["euler", "own"])


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("PaintByExamplePipeline", "negative_prompt"),
        ("KolorsPipeline", "max_sequence_length"),
        ("KolorsImg2ImgPipeline", "max_sequence_length"),
        ("KolorsPAGPipeline", "max_sequence_length"),
        ("AltDiffusionPipeline", "clip_skip"),
        ("StableDiffusionPanoramaPipeline", "guidance_rescale"),
    ],
)
def test_what_does_nothing_is_not_offered(class_name: str, name: str) -> None:
    """Although the signature has it; what works is offered."""
    signature = find_signature(class_name)
    assert signature is not None
    assert name not in signature.parameters
    assert "guidance_scale" in signature.parameters
