"""`DELETE /v1/styles/{name}`: delete a style of the account's own."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response

from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.styles.blueprint import StylePath, styles_blueprint
from api.v1 import describe_problems
from core.database import transaction
from core.jobs.styles import own_styles as use_case
from core.jobs.styles.style_file import get_built_in_styles


@styles_blueprint.delete(
    "/styles/<style_name>",
    summary="Delete a style",
    responses={
        204: None,
        **describe_problems(
            {
                404: "The account has no such style.",
                409: "The style is one of the deployment's (`style_is_built_in`).",
            }
        ),
    },
)
@takes_no_query
def delete_style(path: StylePath) -> Response:
    """No request can name it any more. Jobs that were sent with it are rendered as they were sent."""
    with transaction() as session:
        use_case.delete_style(
            session, account_id=current_account_id(), name=path.style_name, built_in=get_built_in_styles()
        )
    return Response(status=HTTPStatus.NO_CONTENT)
