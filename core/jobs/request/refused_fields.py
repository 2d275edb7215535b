"""What is wrong with the fields of a request, whatever the other values are: those that the model lacks, and those that it needs."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from core.errors import FieldError
from core.jobs.request.loras import refuse_loras
from core.jobs.request.parameters import PIPELINES_OWN, ModelParameters, build_adapter, find_field, find_nearest
from core.jobs.request.picture_fields import IMAGE_FIELDS, list_places
from core.jobs.request.render_request import RenderRequest
from core.plain_text import is_blank


def list_refused_fields(request: RenderRequest, parameters: ModelParameters) -> Iterator[FieldError]:
    """An error for each field that the model does not have for the task, that it needs and lacks, or that holds too many."""
    for name in PIPELINES_OWN:
        if getattr(request, name) is not None and name not in parameters.offered:
            yield FieldError(name, _explain_absence(name, parameters))
    yield from _refuse_missing_prompt(request, parameters)
    stages = parameters.facts.steps
    if request.num_inference_steps is not None and "num_inference_steps" not in stages:
        yield FieldError("num_inference_steps", f"the stages have numbers of their own: {', '.join(stages)}")
    yield from _refuse_too_many(request, parameters)
    if request.loras:
        yield from refuse_loras(request.loras, parameters)
    yield from _refuse_extras(request, parameters)


def _refuse_missing_prompt(request: RenderRequest, parameters: ModelParameters) -> Iterator[FieldError]:
    if not parameters.needs_prompt:
        return
    if request.prompt is None:
        yield FieldError("prompt", "is required")
    elif is_blank(request.prompt):
        yield FieldError("prompt", "must not be blank")


def _refuse_too_many(request: RenderRequest, parameters: ModelParameters) -> Iterator[FieldError]:
    for field in IMAGE_FIELDS:
        if field in parameters.offered:
            most = parameters.offered[field].most
            if len(list_places(field, getattr(request, field))) > most:
                count = "one picture" if most == 1 else f"{most} pictures"
                message = f"{parameters.model_id} takes at most {count} here for {parameters.task}"
                yield FieldError(f"{field}.{most}", message)


def _refuse_extras(request: RenderRequest, parameters: ModelParameters) -> Iterator[FieldError]:
    extras = parameters.extras if request.extra else {}
    for name, value in request.extra.items():
        if (field := find_field(name)) is not None:
            yield FieldError(name, f"given twice: it is another name of {field}")
        elif name not in extras:
            yield FieldError(name, _explain_absence(name, parameters))
        elif value is not None:
            try:
                build_adapter(name, extras[name]).validate_python(value)
            except ValidationError as error:
                yield FieldError(name, error.errors()[0]["msg"].removeprefix("Value error, "))


def _explain_absence(name: str, parameters: ModelParameters) -> str:
    if name in parameters.with_control_only:
        return "needs `control_image`"
    if name == "strength" and parameters.task == "text-to-image" and len(parameters.entry.tasks) > 1:
        return "needs `image`, the picture to start from"
    if name == "mask_feather" and "inpainting" in parameters.entry.tasks:
        return "needs `mask_image`, the mask whose edge it softens"
    place = "" if parameters.task == "text-to-image" else f" for {parameters.task}"
    nearest = None if name in RenderRequest.model_fields else find_nearest(name, parameters)
    hint = f"; did you mean {nearest}?" if nearest else ""
    return f"{parameters.model_id} has no such parameter{place}{hint}"
