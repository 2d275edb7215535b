"""Fix everything that a request leaves open, against the catalog, so that the job can be rendered again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from core.catalog import Catalog, ModelEntry
from core.errors import FieldError, InvalidRequest
from core.jobs.request import RenderRequest

#: A random seed is short enough to be read aloud.
_RANDOM_SEED_BITS = 32


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
        """Megapixel-steps: width x height x steps x images / 1e6."""
        parameters = self.parameters
        pixels = parameters["width"] * parameters["height"] * parameters["num_images"]
        return float(pixels * parameters["num_inference_steps"] / 1e6)


def resolve_request(request: RenderRequest, *, catalog: Catalog, default_model: str) -> ResolvedRequest:
    """Every default filled in. Raises InvalidRequest naming each field that the model cannot serve."""
    model_id = default_model if request.model is None else request.model
    entry = catalog.find(model_id)
    if entry is None:
        raise InvalidRequest([FieldError("model", f"there is no model {model_id!r}; GET /v1/models lists them")])

    parameters = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "width": request.width or entry.default_width,
        "height": request.height or entry.default_height,
        "num_inference_steps": request.num_inference_steps or entry.default_steps,
        "guidance_scale": (
            entry.default_guidance_scale if request.guidance_scale is None else float(request.guidance_scale)
        ),
        "scheduler": entry.default_scheduler if request.scheduler is None else request.scheduler,
        "num_images": request.num_images,
        "output_format": request.output_format,
    }
    errors = list(_over_the_limits(parameters, entry))
    if errors:
        raise InvalidRequest(errors)

    return ResolvedRequest(
        model=model_id,
        model_revision=entry.revision,
        task="text-to-image",
        pool=entry.pool,
        seed=secrets.randbits(_RANDOM_SEED_BITS) if request.seed is None else request.seed,
        parameters=parameters,
        warnings=_without_effect(parameters),
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
