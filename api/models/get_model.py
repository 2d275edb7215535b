"""`GET /v1/models/{id}`: one model, and what a job may ask of it."""

from __future__ import annotations

from typing import Any

from flask import Response
from pydantic import BaseModel, Field

from api.answer import answer
from api.models.blueprint import ModelView, build_model_view, models_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.catalog import get_catalog
from core.jobs.request.parameter_schema import describe_parameters
from core.settings import get_settings


class ModelPath(BaseModel):
    """The id in the address."""

    model_id: str = Field(examples=["picturebook"])


class ModelDetail(ModelView):
    """A model with its parameters."""

    parameters: dict[str, dict[str, Any]] = Field(
        description=(
            "For each task a JSON schema of the body of `POST /v1/jobs`: every parameter that the model has, with its "
            "type, default and limits. Read off the pipeline's own signature."
        )
    )


@models_blueprint.get(
    "/models/<model_id>",
    summary="Show a model",
    responses={200: ModelDetail, **describe_problems({404: "There is no such model."})},
)
@takes_no_query
def get_model(path: ModelPath) -> Response:
    """One model: licence, limits, and its parameters for each task as JSON schema."""
    catalog = get_catalog()
    view = build_model_view(catalog, path.model_id, default_model=get_settings().default_model)
    detail = ModelDetail(**view.model_dump(), parameters={**describe_parameters(catalog, path.model_id)})
    return answer(detail)
