"""Which task a request asks for, as its image fields tell, and what each needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.catalog import ModelEntry
from core.errors import FieldError
from core.jobs.input_images import IMAGE_FIELDS
from core.jobs.request import RenderRequest

#: By task, for requests that name no strength.
_DEFAULT_STRENGTH = {"image-to-image": 0.8, "inpainting": 1.0}


def find_task(request: RenderRequest) -> str:
    """The task: a mask means inpainting, an image alone image-to-image."""
    if request.mask_image is not None:
        return "inpainting"
    return "text-to-image" if request.image is None else "image-to-image"


def resolve_image_fields(request: RenderRequest, task: str) -> dict[str, Any]:
    """The parameters that have to do with images, of those that the request has."""
    fields = {field: getattr(request, field) for field in IMAGE_FIELDS if getattr(request, field) is not None}
    if task in _DEFAULT_STRENGTH:
        fields["strength"] = _DEFAULT_STRENGTH[task] if request.strength is None else float(request.strength)
    return fields


def find_task_errors(request: RenderRequest, task: str, entry: ModelEntry) -> Iterator[FieldError]:
    """What the task lacks, or the model."""
    if request.mask_image is not None and request.image is None:
        yield FieldError("mask_image", "needs image too")
    if request.strength is not None and request.image is None:
        yield FieldError("strength", "needs image too")
    if task not in entry.tasks:
        yield FieldError("mask_image" if task == "inpainting" else "image", f"this model does not do {task}")
    steps = entry.default_steps if request.num_inference_steps is None else request.num_inference_steps
    if request.strength is not None and int(steps * request.strength) < 1:
        yield FieldError("strength", f"leaves none of {steps} steps")
    if request.control_image is not None:
        yield FieldError("control_image", "this model has no ControlNet")
