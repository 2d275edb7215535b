"""How many pictures a model takes, and what is offered beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.models_file import write_section
from core.catalog import Task, load_catalog
from core.jobs.request.parameters import ModelParameters, find_parameters


def offer(folder: Path, pipeline: str, task: Task, **fields: object) -> ModelParameters:
    file = folder / "models.toml"
    file.write_text(write_section("one", "weights", pipeline=pipeline, tasks=[task], **fields))
    parameters = find_parameters(load_catalog(file), "one", task)
    assert parameters is not None
    return parameters


@pytest.mark.parametrize(("task", "most"), [("edit", 5), ("inpainting", 1), ("outpaint", 1)])
def test_a_mask_is_of_one_picture(tmp_path: Path, task: Task, most: int) -> None:
    """A class that edits several pictures paints inside one."""
    assert offer(tmp_path, "BriaFibo2Pipeline", task).offered["image"].most == most


def test_a_variation_has_the_drawing_classes_numbers(tmp_path: Path) -> None:
    """FLUX.1 draws what Redux has read: sizes, steps and guidance are FLUX.1's, texts and pictures those of Redux."""
    parameters = offer(tmp_path, "FluxPipeline", "variation", redux="redux")

    assert {"image", "prompt", "prompt_2", "width", "height", "num_inference_steps", "guidance_scale"} == set(
        parameters.offered
    )
    assert not parameters.needs_prompt


def test_a_prompt_by_another_name_is_the_prompt(tmp_path: Path) -> None:
    """What VisualCloze calls its task is a request's prompt, which it needs; what the picture shows may be said besides."""
    parameters = offer(tmp_path, "VisualClozePipeline", "edit")

    assert parameters.needs_prompt
    assert "task_prompt" not in parameters.offered
    assert parameters.offered["content_prompt"].kind == "text"
