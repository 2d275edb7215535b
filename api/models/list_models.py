"""`GET /v1/models`: the models, their limits and their licences."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, Field

from api.v1 import NoQuery, build_blueprint
from core.catalog import ModelEntry, get_catalog
from core.settings import get_settings

models_blueprint = build_blueprint("models", "models", "What this deployment can draw with.")


class ModelView(BaseModel):
    """A model, what it draws by default, and how far it goes. Sides in pixels, multiples of 8."""

    id: str
    is_default: bool
    description: str
    revision: str
    licence: str = Field(description="SPDX id of the licence of the weights.")
    commercial_use: bool
    tasks: list[str]
    default_width: int
    default_height: int
    max_width: int
    max_height: int
    default_num_inference_steps: int
    max_num_inference_steps: int
    default_guidance_scale: float
    default_scheduler: str
    schedulers: list[str]
    max_num_images: int


class ModelList(BaseModel):
    """All models; there is only ever one page."""

    data: list[ModelView]
    next_cursor: str | None = None


@models_blueprint.get("/models", summary="List models", responses={200: ModelList})
def list_models(query: NoQuery) -> Response:  # noqa: ARG001  (its being empty is the check)
    """Every model that a job can name."""
    default = get_settings().default_model
    views = [_view(model_id, entry, default) for model_id, entry in get_catalog().models.items()]
    return Response(ModelList(data=views).model_dump_json(), mimetype="application/json")


def _view(model_id: str, entry: ModelEntry, default: str) -> ModelView:
    return ModelView(
        id=model_id,
        is_default=model_id == default,
        description=entry.description,
        revision=entry.revision,
        licence=entry.licence,
        commercial_use=entry.commercial_use,
        tasks=list(entry.tasks),
        default_width=entry.default_width,
        default_height=entry.default_height,
        max_width=entry.max_width,
        max_height=entry.max_height,
        default_num_inference_steps=entry.default_steps,
        max_num_inference_steps=entry.max_steps,
        default_guidance_scale=entry.default_guidance_scale,
        default_scheduler=entry.default_scheduler,
        schedulers=list(entry.schedulers),
        max_num_images=entry.max_images,
    )
