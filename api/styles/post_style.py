"""`POST /v1/styles`: add a style of the account's own."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from pydantic import Field

from api.answer import answer
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.styles.blueprint import StyleView, build_style_view, styles_blueprint
from api.styles.known_names import check_names
from api.v1 import describe_problems
from core.accounts.lock_account import lock_account
from core.catalog import get_catalog
from core.database import transaction
from core.jobs.styles.fit import list_ways
from core.jobs.styles.own_styles import create_style
from core.jobs.styles.style import Recipe, StyleName
from core.jobs.styles.style_file import get_built_in_styles
from core.settings import get_settings


class StyleRequest(Recipe):
    """A style of the account's own."""

    name: StyleName = Field(description="What requests name it by: `a-z`, `0-9` and `-`. It stays as it is.")

    @property
    def recipe(self) -> Recipe:
        """Without the name."""
        return Recipe.model_construct(**{name: getattr(self, name) for name in Recipe.model_fields})


@styles_blueprint.post(
    "/styles",
    summary="Add a style",
    responses={
        201: StyleView,
        **describe_problems(
            {
                400: "The body is not valid JSON.",
                409: "The account has its 100 styles already (`too_many_styles`).",
                413: "The body is longer than 1 MiB.",
                415: "The body is not application/json.",
            }
        ),
    },
)
@takes_no_query
def post_style(body: StyleRequest) -> Response:
    """From now on requests of the account may name it. Other accounts do not see it."""
    catalog, account_id = get_catalog(), current_account_id()
    check_names(body.for_, catalog)
    with transaction() as session:
        lock_account(session, account_id)
        style = create_style(
            session, account_id=account_id, name=body.name, recipe=body.recipe, built_in=get_built_in_styles()
        )
    response = answer(build_style_view(style, list_ways(catalog)), HTTPStatus.CREATED)
    response.headers["Location"] = f"{get_settings().public_url}/v1/styles/{style.name}"
    return response
