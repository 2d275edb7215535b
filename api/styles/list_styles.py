"""`GET /v1/styles`: the styles that a request may name."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answer import NOT_MODIFIED, answer_read
from api.authentication import current_account_id
from api.cached_schema import CachedSchema
from api.styles.blueprint import StyleView, build_style_view, styles_blueprint
from core.catalog import get_catalog
from core.database import transaction
from core.errors import FieldError, InvalidRequest
from core.jobs.styles.fit import list_ways
from core.jobs.styles.own_styles import list_own_styles
from core.jobs.styles.style_file import get_built_in_styles


class ListStylesQuery(CachedSchema):
    """Filter."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="Only those that work with this model.",
        examples=["picturebook"],
    )


class StyleList(BaseModel):
    """All styles; there is only ever one page."""

    data: list[StyleView]
    next_cursor: str | None = None


@styles_blueprint.get("/styles", summary="List styles", responses={200: StyleList, **NOT_MODIFIED})
def list_styles(query: ListStylesQuery) -> Response:
    """The styles of the deployment, and after them the account's own, by name."""
    return answer_read(StyleList(data=list_style_views(query.model)))


def list_style_views(model: str | None) -> list[StyleView]:
    """The styles, or those that work with the model. Raises InvalidRequest for a model that is not there."""
    catalog = get_catalog()
    if model is not None and catalog.find(model) is None:
        message = f"there is no model {model!r}; GET /v1/models lists them"
        raise InvalidRequest([FieldError("model", message, "not_found", {"enum": [*catalog.models]})])
    with transaction() as session:
        own = list_own_styles(session, account_id=current_account_id())
    ways = list_ways(catalog)
    views = [build_style_view(style, ways) for style in [*get_built_in_styles().values(), *own]]
    return [view for view in views if model is None or model in view.models]
