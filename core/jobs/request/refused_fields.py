"""What is wrong with the fields of a request, whatever the other values are: those that the model lacks, and those that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydantic import ValidationError

from core.errors import FieldCode, FieldError
from core.field_errors import list_field_errors
from core.jobs.request.asked_size import refuse_two_sizes
from core.jobs.request.controlnets import refuse_controlnets
from core.jobs.request.ip_adapter import refuse_ip_adapter
from core.jobs.request.loras import refuse_loras
from core.jobs.request.other_names import find_other_name
from core.jobs.request.parameters import PIPELINES_OWN, ModelParameters, build_adapter, find_field, find_nearest
from core.jobs.request.picture_fields import IMAGE_FIELDS, list_places
from core.jobs.request.render_request import RenderRequest
from core.plain_text import is_blank


def list_refused_fields(request: RenderRequest, parameters: ModelParameters) -> Iterator[FieldError]:
    """An error for each field that the model does not have for the task, that it needs and lacks, or that holds too many."""
    for name in PIPELINES_OWN:
        if getattr(request, name) is not None and name not in parameters.offered:
            yield _refuse_absent(name, parameters)
    yield from _refuse_missing_prompt(request, parameters)
    yield from refuse_two_sizes(request)
    if request.output_quality is not None and request.output_format == "png":
        message = "needs `output_format` jpeg or webp: a PNG loses nothing"
        yield FieldError("output_quality", message, "needs_other_field")
    stages = parameters.facts.steps
    if request.num_inference_steps is not None and "num_inference_steps" not in stages:
        message = f"the stages have numbers of their own: {', '.join(stages)}"
        yield FieldError("num_inference_steps", message, "not_for_model")
    yield from _refuse_other_numbers(request, parameters)
    yield from refuse_controlnets(request, parameters.entry.controlnet_names)
    yield from refuse_ip_adapter(request, parameters.entry)
    if request.loras:
        yield from refuse_loras(request.loras, parameters)
    yield from _refuse_extras(request, parameters)
    for name in parameters.required_extras:
        if request.extra.get(name) is None:
            yield FieldError(name, "is required", "required")


def _refuse_missing_prompt(request: RenderRequest, parameters: ModelParameters) -> Iterator[FieldError]:
    if not parameters.needs_prompt:
        return
    if request.prompt is None:
        yield FieldError("prompt", "is required", "required")
    elif is_blank(request.prompt):
        yield FieldError("prompt", "must not be blank", "required")


def _refuse_other_numbers(request: RenderRequest, parameters: ModelParameters) -> Iterator[FieldError]:
    for field in IMAGE_FIELDS:
        if field in parameters.offered:
            least, most = parameters.offered[field].least, parameters.offered[field].most
            given = len(list_places(field, getattr(request, field)))
            if 0 < given < least:
                message = f"{parameters.model_id} takes a list of {least} pictures here for {parameters.task}"
                yield FieldError(field, message, "wrong_length", {"minItems": least, "maxItems": most})
            if given > most:
                count = "one picture" if most == 1 else f"{most} pictures"
                message = f"{parameters.model_id} takes at most {count} here for {parameters.task}"
                yield FieldError(f"{field}.{most}", message, "wrong_length", {"maxItems": most})
    scales = parameters.offered.get("controlnet_conditioning_scale")
    if scales is not None and scales.most == 1 and isinstance(request.controlnet_conditioning_scale, tuple):
        message = "must be one number: there is one control image"
        yield FieldError("controlnet_conditioning_scale", message, "wrong_type")


def _refuse_extras(request: RenderRequest, parameters: ModelParameters) -> Iterator[FieldError]:
    extras = parameters.extras if request.extra else {}
    for name, value in request.extra.items():
        if (field := find_field(name)) is not None:
            yield FieldError(name, f"given twice: it is another name of {field}", "conflict")
        elif name not in extras:
            yield _refuse_absent(name, parameters)
        elif value is not None:
            try:
                build_adapter(name, extras[name]).validate_python(value)
            except ValidationError as error:
                yield replace(list_field_errors(error)[0], field=name)


def _refuse_absent(name: str, parameters: ModelParameters) -> FieldError:
    code, message = _explain_absence(name, parameters)
    return FieldError(name, message, code)


def _explain_absence(name: str, parameters: ModelParameters) -> tuple[FieldCode, str]:
    if name in parameters.with_control_only:
        return "needs_other_field", "needs `control_image`"
    if name == "strength" and parameters.task == "text-to-image" and len(parameters.entry.tasks) > 1:
        return "needs_other_field", "needs `image`, the picture to start from"
    if name == "mask_feather" and "inpainting" in parameters.entry.tasks:
        return "needs_other_field", "needs `mask_image`, the mask whose edge it softens"
    if name == "mask_mode" and "inpainting" in parameters.entry.tasks:
        return "needs_other_field", "needs `mask_image`, the mask that it reads"
    place = "" if parameters.task == "text-to-image" else f" for {parameters.task}"
    absence = f"{parameters.model_id} has no such parameter{place}"
    if name in RenderRequest.model_fields:
        return "not_for_model", absence
    if (hint := find_other_name(name)) is not None:
        return "other_name", hint
    nearest = find_nearest(name, parameters)
    return "unknown", f"{absence}; did you mean {nearest}?" if nearest else absence
