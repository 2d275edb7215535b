"""How far a model goes: what is wrong with a request whose values are all filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import FieldError
from core.jobs.request.number_for_each import list_each
from core.jobs.request.parameters import ModelParameters


def list_over_limits(values: Mapping[str, Any], parameters: ModelParameters, *, steps: int) -> Iterator[FieldError]:
    """An error for each value that the model does not reach to. `steps` are those that the job does."""
    entry = parameters.entry
    limits = {
        "width": entry.max_width,
        "height": entry.max_height,
        **dict.fromkeys(parameters.facts.steps, entry.max_steps),
        "num_images": parameters.most_images,
        "clip_skip": parameters.most_clip_skip,
        "class_labels": parameters.configuration.most_class_label,
    }
    for field, limit in limits.items():
        if limit is not None and values.get(field, 0) > limit:
            yield FieldError(field, f"this model allows at most {limit}", "out_of_range")
    yield from _too_few_steps(values, parameters)
    yield from _guided_last_stage_alone(values, parameters)
    step = entry.size_step_of(parameters.pipeline_class)
    for field in ("width", "height"):
        if values[field] % step:
            yield FieldError(field, f"this model needs a multiple of {step}", "out_of_range")
    yield from _control_ends_early(values)
    if values["scheduler"] not in entry.schedulers:
        yield FieldError("scheduler", f"this model has {', '.join(entry.schedulers)}", "not_allowed")
    # A strength shortens the last of several stages.
    if steps - sum(values[name] for name in parameters.facts.steps[:-1]) < 1:
        message = "leaves no step to do: num_inference_steps times strength must be 1 or more"
        yield FieldError("strength", message, "conflict")


def _guided_last_stage_alone(values: Mapping[str, Any], parameters: ModelParameters) -> Iterator[FieldError]:
    """Some take what the guidance of the last stage needs, the negative prompt as the model reads it, from a guided first one."""
    names = ("prior_guidance_scale", "decoder_guidance_scale")
    if parameters.facts.guided_from_first_stage:
        first, last = (values.get(name, parameters.offered[name].default) for name in names)
        if last > 1 >= first:
            yield FieldError(names[1], f"above 1 needs a {names[0]} above 1, and this is {first:g}", "conflict")


def _too_few_steps(values: Mapping[str, Any], parameters: ModelParameters) -> Iterator[FieldError]:
    for name in parameters.facts.steps:
        least = parameters.configuration.least_steps if name == "num_inference_steps" else 1
        if values[name] < least:
            yield FieldError(name, f"this model needs at least {least}", "out_of_range")


def _control_ends_early(values: Mapping[str, Any]) -> Iterator[FieldError]:
    starts, ends = (
        list_each(values, f"control_guidance_{edge}", default) for edge, default in (("start", 0.0), ("end", 1.0))
    )
    count = max(len(starts), len(ends))
    for start, end in zip(starts * (count // len(starts)), ends * (count // len(ends)), strict=True):
        if start >= end:
            yield FieldError(
                "control_guidance_end" if "control_guidance_end" in values else "control_guidance_start",
                f"the control has to end after its start, and this is from {start:g} to {end:g}",
                "conflict",
            )
            return
