"""`PATCH /v1/boards/{board_id}`: rename a board."""

from __future__ import annotations

from flask import Response

from api.answer import answer
from api.authentication import current_account_id
from api.boards.blueprint import BoardPath, BoardRequest, BoardView, boards_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.accounts.lock_account import lock_account
from core.artifacts.marks.boards import rename_board
from core.database import transaction


@boards_blueprint.patch(
    "/boards/<board_id>",
    summary="Rename a board",
    responses={
        200: BoardView,
        **describe_problems(
            {
                400: "The body is not valid JSON.",
                404: "There is no such board in this account.",
                413: "The body is longer than 1 MiB.",
                415: "The body is not application/json.",
            }
        ),
    },
)
@takes_no_query
def patch_board(path: BoardPath, body: BoardRequest) -> Response:
    """What is on it stays. A name that another board has is 422."""
    account_id = current_account_id()
    with transaction() as session:
        lock_account(session, account_id)
        board = rename_board(session, account_id=account_id, board_id=path.parse(), name=body.name)
    return answer(BoardView.build(board))
