"""`DELETE /v1/boards/{board_id}`: delete a board, and none of its pictures."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response

from api.authentication import current_account_id
from api.boards.blueprint import BoardPath, boards_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.artifacts.marks import boards
from core.database import transaction


@boards_blueprint.delete(
    "/boards/<board_id>",
    summary="Delete a board",
    responses={204: None, **describe_problems({404: "There is no such board in this account."})},
)
@takes_no_query
def delete_board(path: BoardPath) -> Response:
    """The pictures on it stay, and so do their places on other boards."""
    with transaction() as session:
        boards.delete_board(session, account_id=current_account_id(), board_id=path.parse())
    return Response(status=HTTPStatus.NO_CONTENT)
