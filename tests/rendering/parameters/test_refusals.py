"""Whose fault an error is that ends a pipeline's call: the request's, or ours and the machine's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from core.jobs.failures import FailureCode
from tests.rendering.parameters.walk import Place, Walk, build_images
from worker.rendering.drawing import Drawing
from worker.rendering.errors import RequestRefused, describe_failure
from worker.rendering.render import render_images
from worker.rendering.watch_steps import StepEnd

SD, FLUX = Place("sd15", "text-to-image"), Place("flux-dev", "text-to-image")


def draw(
    walk: Walk, place: Place, on_step: Callable[[StepEnd], None] = lambda _end: None, **changes: Any
) -> Exception | None:
    """The error that ends the render of a request that was not checked before."""
    request = walk.resolve(place).parameters | changes
    try:
        drawing = Drawing(request, [7], build_images(place), task=place.task)
        render_images(walk.load(place), drawing, on_step=on_step)
    except Exception as error:  # noqa: BLE001
        return error
    return None


@pytest.mark.parametrize(
    ("place", "changes", "name"),
    [
        (SD, {"clip_skip": 9}, "clip_skip"),
        (Place("sd15", "inpainting"), {"clip_skip": 4}, "clip_skip"),
        (Place("sdxl", "text-to-image"), {"clip_skip": 3}, "clip_skip"),
        (Place("sd3", "image-to-image"), {"clip_skip": 9}, "clip_skip"),
        (Place("lcm", "text-to-image"), {"original_inference_steps": 2}, "num_inference_steps"),
        (Place("lcm", "text-to-image"), {"original_inference_steps": 0}, "zero"),
        (FLUX, {"max_sequence_length": 1000}, "max_sequence_length"),
        (SD, {"guidance_scale": "much"}, "guidance_scale"),
        (SD, {"eta": "much", "scheduler": "ddim"}, "eta"),
        (
            Place("sd15-controlnet", "text-to-image"),
            {"control_guidance_start": 0.9, "control_guidance_end": 0.1},
            "control_guidance_start",
        ),
    ],
    ids=str,
)
def test_a_values_fault_is_the_requests(walk: Walk, place: Place, changes: dict[str, Any], name: str) -> None:
    """Whatever the pipeline raises because of a value, wherever it does: one refusal, with the parameter if it can be told."""
    error = draw(walk, place, **changes)

    assert isinstance(error, RequestRefused), error
    assert name in error.message
    assert describe_failure(error).code == FailureCode.INVALID_REQUEST


@pytest.mark.parametrize("error", [ValueError, IndexError, RuntimeError, ZeroDivisionError, AssertionError, TypeError])
def test_a_fault_at_a_step_is_ours(walk: Walk, error: type[Exception]) -> None:
    """What our own code raises while a pipeline runs is not the request's fault, whatever its type and its words."""

    def fail(_end: StepEnd) -> None:
        raise error("guidance_scale")

    raised = draw(walk, SD, fail)

    assert type(raised) is error
    assert describe_failure(raised).code == FailureCode.INTERNAL


def test_what_our_code_does_with_the_pipeline_at_a_step_is_ours(walk: Walk) -> None:
    """A preview that fails inside diffusers' autoencoder was our call."""
    vae: Any = walk.load(SD).pipeline.vae

    raised = draw(walk, SD, lambda _end: vae.decode(torch.zeros(1, 9, 8, 8)))

    assert isinstance(raised, RuntimeError)
    assert not isinstance(raised, RequestRefused)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), FailureCode.OUT_OF_MEMORY),
        (MemoryError(), FailureCode.OUT_OF_MEMORY),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), FailureCode.INTERNAL),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), FailureCode.INTERNAL),
        (torch.AcceleratorError("CUDA error: unspecified launch failure", 719), FailureCode.INTERNAL),
        (OSError("No space left on device"), FailureCode.INTERNAL),
        (AttributeError("'FrozenDict' object has no attribute 'patch'"), FailureCode.INTERNAL),
    ],
    ids=repr,
)
def test_the_machines_fault_is_not_the_requests(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, error: Exception, code: FailureCode
) -> None:
    """A device that fails inside the denoiser's forward, and a model that does not fit its library, are retried."""
    unet: Any = walk.load(SD).pipeline.unet

    def fail(*_arguments: Any, **_options: Any) -> Any:
        raise error

    monkeypatch.setattr(unet.conv_in, "forward", fail)
    raised = draw(walk, SD)

    assert type(raised) is type(error)
    assert describe_failure(raised).code == code


def test_shapes_that_do_not_fit_are_the_requests_before_the_first_step(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A denoiser that cannot take what the request makes of it refuses at once; later it may be the machine."""
    unet: Any = walk.load(SD).pipeline.unet
    monkeypatch.setitem(unet.conv_in._parameters, "weight", torch.nn.Parameter(torch.zeros(16, 5, 3, 3)))

    assert isinstance(draw(walk, SD), RequestRefused)
