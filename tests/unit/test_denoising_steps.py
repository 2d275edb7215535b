"""The number of denoising steps of a job that starts from a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.catalog import StepRounding, find_signature
from core.jobs.request.denoising_steps import count_denoising_steps, count_steps
from tests.unit.test_model_configuration import load_model, resolve


@pytest.mark.parametrize(
    ("steps", "strength", "rounding", "done"),
    [
        (100, 0.29, "down", 29),
        (100, 0.57, "down", 57),
        (100, 0.58, "down", 58),
        (50, 0.58, "down", 29),
        (12, 0.6, "down", 7),
        (12, 0.6, "up", 8),
        (100, 0.29, "up", 29),
        (100, 0.07, "up", 7),
        (100, 0.28, "up", 28),
        (4, 1.0, "down", 4),
        (4, 0.2, "down", 0),
        (4, 0.2, "up", 1),
        (4, 0.2, "all", 4),
        (1000, 1e-05, "up", 1),
        (1000, 0.9999999999999999, "down", 999),
    ],
)
def test_steps_are_counted_in_decimals(steps: int, strength: float, rounding: StepRounding, done: int) -> None:
    """No step is lost, or won, because a strength is not a binary number."""
    assert count_denoising_steps(steps, strength, rounding) == done


@pytest.mark.parametrize(
    ("class_name", "strength", "done"),
    [
        ("StableDiffusionPipeline", 0.29, 5),
        ("FluxPipeline", 0.29, 6),
        ("LatentConsistencyModelPipeline", 0.5, 20),
    ],
)
def test_cost_and_steps_are_those_of_the_pipeline(tmp_path: Path, class_name: str, strength: float, done: int) -> None:
    """diffusers' pipelines round in different ways; a job counts, and costs, what its own one does."""
    catalog = load_model(tmp_path, class_name)
    fields: dict[str, Any] = {"image": "art_1", "steps": 20, "strength": strength}
    resolved = resolve(catalog, **fields)

    assert resolved.steps == done
    assert resolved.cost == pytest.approx(64 * 64 * done / 1e6)


def test_every_class_with_a_strength_has_its_rounding() -> None:
    """The three ways, each of a class that is known for it."""
    for class_name, rounding in (
        ("StableDiffusionXLInpaintPipeline", "down"),
        ("QwenImageImg2ImgPipeline", "up"),
        ("LatentConsistencyModelImg2ImgPipeline", "all"),
        ("StableDiffusionPipeline", "all"),
    ):
        signature = find_signature(class_name)
        assert signature
        assert signature.step_rounding == rounding


@pytest.mark.parametrize(
    ("steps", "length", "samples", "done"),
    [(250, 10, 10, 2410), (6, 2, 2, 10), (6, 10, 10, 6), (6, 2, 1, 6), (1, 1, 9, 1)],
)
def test_steps_that_are_taken_again_count(steps: int, length: int, samples: int, done: int) -> None:
    """Of a pipeline that goes back to more noise in between: each time, as often as it does."""
    values = {"num_inference_steps": steps, "jump_length": length, "jump_n_sample": samples}

    assert count_steps(values, ("num_inference_steps",), "all") == done
