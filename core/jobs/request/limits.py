"""How far a model goes: what is wrong with a request whose values are all filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import FieldError
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
    }
    for field, limit in limits.items():
        if limit is not None and values.get(field, 0) > limit:
            yield FieldError(field, f"this model allows at most {limit}")
    yield from _too_few_steps(values, parameters)
    step = entry.size_step_of(parameters.pipeline_class)
    for field in ("width", "height"):
        if values[field] % step:
            yield FieldError(field, f"this model needs a multiple of {step}")
    start, end = values.get("control_guidance_start", 0.0), values.get("control_guidance_end", 1.0)
    if start >= end:
        yield FieldError(
            "control_guidance_end" if "control_guidance_end" in values else "control_guidance_start",
            f"the control has to end after its start, and this is from {start:g} to {end:g}",
        )
    if values["scheduler"] not in entry.schedulers:
        yield FieldError("scheduler", f"this model has {', '.join(entry.schedulers)}")
    if steps < 1:
        yield FieldError("strength", "leaves no step to do: num_inference_steps times strength must be 1 or more")


def _too_few_steps(values: Mapping[str, Any], parameters: ModelParameters) -> Iterator[FieldError]:
    for name in parameters.facts.steps:
        least = parameters.configuration.least_steps if name == "num_inference_steps" else 1
        if values[name] < least:
            yield FieldError(name, f"this model needs at least {least}")
