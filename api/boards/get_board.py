"""`GET /v1/boards/{board_id}`: read a board."""

from __future__ import annotations

from flask import Response

from api.answer import NOT_MODIFIED, answer_read
from api.authentication import current_account_id
from api.boards.blueprint import BoardPath, BoardView, boards_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.artifacts.marks import boards
from core.database import transaction


@boards_blueprint.get(
    "/boards/<board_id>",
    summary="Get a board",
    responses={
        200: BoardView,
        **NOT_MODIFIED,
        **describe_problems({404: "There is no such board in this account."}),
    },
)
@takes_no_query
def get_board(path: BoardPath) -> Response:
    """Its name, and how many pictures are on it."""
    with transaction() as session:
        board = boards.get_board(session, account_id=current_account_id(), board_id=path.parse())
    return answer_read(BoardView.build(board))
