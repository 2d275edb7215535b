"""Fix everything that a request leaves open, against the catalog, so that the job can be rendered again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from core.catalog import Catalog, ModelEntry
from core.errors import FieldError, InvalidRequest
from core.jobs.denoising_steps import count_denoising_steps
from core.jobs.image_size import follow_input
from core.jobs.image_task import find_task, find_task_errors, resolve_image_fields
from core.jobs.request import RenderRequest

#: A random seed is short enough to be read aloud.
_RANDOM_SEED_BITS = 32

#: Pixels; the sides of every picture are a multiple of it.
_SIZE_MULTIPLE = 8


@dataclass(frozen=True)
class ResolvedRequest:
    """A request with nothing left to choose."""

    model: str
    model_revision: str
    task: str
    pool: str
    seed: int
    #: Every parameter, as the job shows it.
    parameters: dict[str, Any]
    #: What of the request will have no effect.
    warnings: list[str]

    @property
    def cost(self) -> float:
        """Megapixel-steps: width x height x steps x images / 1e6; of the steps, those that are taken."""
        parameters = self.parameters
        pixels = parameters["width"] * parameters["height"] * parameters["num_images"]
        return float(pixels * count_denoising_steps(parameters) / 1e6)


def resolve_request(
    request: RenderRequest,
    *,
    catalog: Catalog,
    default_model: str,
    input_sizes: Mapping[str, tuple[int, int]] = MappingProxyType({}),
) -> ResolvedRequest:
    """Every default filled in. `input_sizes` are width and height (pixels) of the images in the request's fields.

    Raises InvalidRequest naming each field that the model cannot serve.
    """
    model_id = default_model if request.model is None else request.model
    entry = catalog.find(model_id)
    if entry is None:
        raise InvalidRequest([FieldError("model", f"there is no model {model_id!r}; GET /v1/models lists them")])

    task = find_task(request)
    width, height = _size(request, entry, input_sizes)
    parameters = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        **resolve_image_fields(request, task),
        "width": width,
        "height": height,
        "num_inference_steps": request.num_inference_steps or entry.default_steps,
        "guidance_scale": (
            entry.default_guidance_scale if request.guidance_scale is None else float(request.guidance_scale)
        ),
        "scheduler": entry.default_scheduler if request.scheduler is None else request.scheduler,
        "num_images": request.num_images,
        "output_format": request.output_format,
    }
    errors = [*find_task_errors(request, task, entry), *_over_the_limits(parameters, entry)]
    if errors:
        raise InvalidRequest(errors)

    return ResolvedRequest(
        model=model_id,
        model_revision=entry.revision,
        task=task,
        pool=entry.pool,
        seed=secrets.randbits(_RANDOM_SEED_BITS) if request.seed is None else request.seed,
        parameters=parameters,
        warnings=_without_effect(parameters),
    )


def _size(request: RenderRequest, entry: ModelEntry, input_sizes: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    input_size = input_sizes.get("image") or input_sizes.get("control_image")
    if input_size is None:
        return request.width or entry.default_width, request.height or entry.default_height
    return follow_input(
        input_size,
        width=request.width,
        height=request.height,
        largest=(entry.max_width, entry.max_height),
        multiple=_SIZE_MULTIPLE,
    )


def _without_effect(parameters: dict[str, Any]) -> list[str]:
    if parameters["negative_prompt"] and parameters["guidance_scale"] <= 1:
        return ["negative_prompt has no effect at a guidance_scale of 1 or less"]
    return []


def _over_the_limits(parameters: dict[str, Any], entry: ModelEntry) -> list[FieldError]:
    limits = {
        "width": entry.max_width,
        "height": entry.max_height,
        "num_inference_steps": entry.max_steps,
        "num_images": entry.max_images,
    }
    errors = [
        FieldError(field, f"this model allows at most {limit}")
        for field, limit in limits.items()
        if parameters[field] > limit
    ]
    if parameters["scheduler"] not in entry.schedulers:
        errors.append(FieldError("scheduler", f"this model has {', '.join(entry.schedulers)}"))
    return errors
