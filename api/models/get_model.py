"""`GET /v1/models/{id}`: one model, and what a job may ask of it."""

from __future__ import annotations

from typing import Any

from flask import Response
from pydantic import BaseModel, Field

from api.answer import NOT_MODIFIED, answer_read
from api.models.blueprint import ModelView, build_model_view, models_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.catalog import Catalog, find_abilities, find_signature, get_catalog
from core.jobs.request.parameter_schema import describe_parameters
from core.jobs.request.parameters import find_parameters
from core.settings import get_settings


class ModelPath(BaseModel):
    """The id in the address."""

    model_id: str = Field(examples=["picturebook"])


class TaskView(BaseModel):
    """What the engine does with one of the model's tasks. Null: not measured with this pipeline class."""

    pipeline: str = Field(description="The pipeline class of diffusers that serves it.")
    batched: bool | None = Field(description="Jobs share the denoiser's forwards.")
    resumable: bool | None = Field(description="A render resumes in another worker from the step at which it stopped.")
    preview: bool | None = Field(description="Running jobs have previews.")
    several_images: bool | None = Field(description="One job can draw several images.")
    limits: list[str] = Field(description="Why it does not do one of these, if that is known.")


class ModelDetail(ModelView):
    """A model with its parameters."""

    abilities: dict[str, TaskView] = Field(description="For each task what the engine does with it.")

    parameters: dict[str, dict[str, Any]] = Field(
        description=(
            "For each task a JSON schema of the body of `POST /v1/jobs`: every parameter that the model has, with its "
            "type, default and limits. Read off the pipeline's own signature."
        )
    )


@models_blueprint.get(
    "/models/<model_id>",
    summary="Show a model",
    responses={200: ModelDetail, **NOT_MODIFIED, **describe_problems({404: "There is no such model."})},
)
@takes_no_query
def get_model(path: ModelPath) -> Response:
    """One model: licence, limits, and its parameters for each task as JSON schema."""
    catalog = get_catalog()
    view = build_model_view(catalog, path.model_id, default_model=get_settings().default_model)
    detail = ModelDetail(
        **view.model_dump(),
        abilities=_describe_tasks(catalog, path.model_id),
        parameters={**describe_parameters(catalog, path.model_id)},
    )
    return answer_read(detail)


def _describe_tasks(catalog: Catalog, model_id: str) -> dict[str, TaskView]:
    """Empty while the model's pipeline is unknown."""
    views: dict[str, TaskView] = {}
    for task in catalog.get(model_id).tasks:
        parameters = find_parameters(catalog, model_id, task)
        signature = None if parameters is None else find_signature(parameters.pipeline_class)
        if signature is not None:
            abilities = find_abilities(signature, task)
            views[task] = TaskView(
                pipeline=abilities.class_name,
                batched=abilities.batched,
                resumable=abilities.resumable,
                preview=abilities.preview,
                several_images=abilities.several_images,
                limits=list(abilities.limits),
            )
    return views
