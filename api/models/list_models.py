"""`GET /v1/models`: the models, their limits and their licences."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel

from api.answer import NOT_MODIFIED, answer_read
from api.models.blueprint import ModelView, build_model_view, models_blueprint
from api.no_query import takes_no_query
from core.catalog import get_catalog
from core.settings import get_settings


class ModelList(BaseModel):
    """All models; there is only ever one page."""

    data: list[ModelView]
    next_cursor: str | None = None


@models_blueprint.get("/models", summary="List models", responses={200: ModelList, **NOT_MODIFIED})
@takes_no_query
def list_models() -> Response:
    """Every model of the models file, those that are still to be fetched as well."""
    catalog, default = get_catalog(), get_settings().default_model
    views = [build_model_view(catalog, model_id, default_model=default) for model_id in catalog.models]
    return answer_read(ModelList(data=views))
