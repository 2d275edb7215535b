"""`GET /v1/styles/{name}`: one style."""

from __future__ import annotations

from flask import Response

from api.answer import NOT_MODIFIED, answer_read
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.styles.blueprint import StylePath, StyleView, build_style_view, styles_blueprint
from api.v1 import describe_problems
from core.catalog import get_catalog
from core.database import transaction
from core.errors import StyleNotFound
from core.jobs.styles.fit import list_ways
from core.jobs.styles.own_styles import find_own_style
from core.jobs.styles.style_file import get_built_in_styles


@styles_blueprint.get(
    "/styles/<style_name>",
    summary="Show a style",
    responses={200: StyleView, **NOT_MODIFIED, **describe_problems({404: "There is no such style."})},
)
@takes_no_query
def get_style(path: StylePath) -> Response:
    """One of the deployment's styles, or of the account's own: frame, parameters, and the models that it works with."""
    style = get_built_in_styles().get(path.style_name)
    if style is None:
        with transaction() as session:
            style = find_own_style(session, account_id=current_account_id(), name=path.style_name)
    if style is None:
        raise StyleNotFound
    return answer_read(build_style_view(style, list_ways(get_catalog())))
