"""`PATCH /v1/styles/{name}`: change a style of the account's own."""

from __future__ import annotations

from flask import Response
from pydantic import Field

from api.answer import answer
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.styles.blueprint import StylePath, StyleView, build_style_view, styles_blueprint
from api.styles.known_names import check_names
from api.v1 import describe_problems
from core.catalog import get_catalog
from core.database import transaction
from core.jobs.styles.fit import list_ways
from core.jobs.styles.own_styles import change_style
from core.jobs.styles.style import Example, Frame, Recipe, Title
from core.jobs.styles.style_file import get_built_in_styles


class StyleChange(Recipe):
    """What is to be different: fields that are left out stay as they are."""

    title: Title = Field(default_factory=str, description="For people.", examples=["Red chalk"])
    prompt: Frame = Field(
        default_factory=str,
        description="The frame, with `{prompt}` in it once.",
        examples=["a red chalk drawing of {prompt} on rough paper"],
    )
    example: Example = Field(
        default_factory=str, description="A prompt that shows what it is good for.", examples=["a heron"]
    )


@styles_blueprint.patch(
    "/styles/<style_name>",
    summary="Change a style",
    responses={
        200: StyleView,
        **describe_problems(
            {
                400: "The body is not valid JSON.",
                404: "The account has no such style.",
                409: "The style is one of the deployment's (`style_is_built_in`).",
                413: "The body is longer than 1 MiB.",
                415: "The body is not application/json.",
            }
        ),
    },
)
@takes_no_query
def patch_style(path: StylePath, body: StyleChange) -> Response:
    """Jobs that are sent from now on are drawn with it as it is now; those that were sent keep what they were sent with. A field
    that is an object (`parameters`, `for`) is replaced as a whole.
    """
    catalog = get_catalog()
    check_names(body.for_, catalog)
    with transaction() as session:
        style = change_style(
            session,
            account_id=current_account_id(),
            name=path.style_name,
            changes={field: getattr(body, field) for field in body.model_fields_set},
            built_in=get_built_in_styles(),
        )
    return answer(build_style_view(style, list_ways(catalog)))
