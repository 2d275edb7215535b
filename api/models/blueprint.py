"""The blueprint of the model operations, and how they show a model."""

from __future__ import annotations

from pydantic import BaseModel, Field

from api.v1 import build_blueprint
from core.catalog import Catalog
from core.jobs.queue.outlook import find_outlook_alone
from core.jobs.queue.readiness import find_readiness

models_blueprint = build_blueprint("models", "models", "What this deployment can draw with.")


class ModelView(BaseModel):
    """A model, what it draws by default, and how far it goes. Sides in pixels."""

    id: str
    is_default: bool
    is_available: bool = Field(description="False: its weights have not been fetched yet, and its jobs are refused.")
    ready: bool = Field(
        description="Whether a worker is there that draws it now. If not, its jobs wait (or are refused)."
    )
    resident: bool = Field(
        description="Whether a worker has it in memory: otherwise its first job waits until it is loaded."
    )
    reason: str | None = Field(
        description="Where it is not ready: what is missing, and what would change that.",
        examples=["No worker of the pool 'default', which serves the model 'picturebook', is running."],
    )
    description: str
    revision: str | None = Field(description="Names the exact weights; null while they are not fetched.")
    licence: str = Field(description="SPDX id of the licence of the weights, or a LicenseRef where SPDX has none.")
    licence_url: str | None
    licence_note: str = Field(description="What the licence asks beyond yes and no.")
    commercial_use: bool = Field(description="Whether anybody may use it commercially, without a further contract.")
    tasks: list[str]
    default_width: int
    default_height: int
    max_width: int
    max_height: int
    size_step: int = Field(description="Both sides are multiples of it.")
    default_num_inference_steps: int
    max_num_inference_steps: int
    default_guidance_scale: float | None = Field(description="Null: the pipeline's own, or the model takes none.")
    default_scheduler: str
    schedulers: list[str]
    max_num_images: int


def build_model_view(catalog: Catalog, model_id: str, *, default_model: str) -> ModelView:
    """How the model is shown."""
    entry = catalog.get(model_id)
    is_available = catalog.is_available(model_id)
    readiness = find_readiness(
        find_outlook_alone(entry.pool), pool=entry.pool, model=model_id, is_available=is_available
    )
    return ModelView(
        id=model_id,
        is_default=model_id == default_model,
        is_available=is_available,
        ready=readiness.is_ready,
        resident=readiness.is_resident,
        reason=readiness.reason,
        description=entry.description,
        revision=catalog.revision(model_id) if is_available else None,
        licence=entry.licence,
        licence_url=entry.licence_url,
        licence_note=entry.licence_note,
        commercial_use=entry.commercial_use,
        tasks=list(entry.tasks),
        default_width=entry.default_width,
        default_height=entry.default_height,
        max_width=entry.max_width,
        max_height=entry.max_height,
        size_step=entry.size_step_of(catalog.pipeline_class(model_id) or ""),
        default_num_inference_steps=entry.default_steps,
        max_num_inference_steps=entry.max_steps,
        default_guidance_scale=entry.default_guidance_scale,
        default_scheduler=entry.default_scheduler,
        schedulers=list(entry.schedulers),
        max_num_images=entry.max_images,
    )
