"""`POST /v1/boards`: make a board."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response

from api.answer import answer
from api.authentication import current_account_id
from api.boards.blueprint import BoardRequest, BoardView, boards_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.accounts.lock_account import lock_account
from core.artifacts.marks.boards import create_board
from core.database import transaction
from core.settings import get_settings


@boards_blueprint.post(
    "/boards",
    summary="Make a board",
    responses={
        201: BoardView,
        **describe_problems(
            {
                400: "The body is not valid JSON.",
                409: "The account has its 500 boards already (`too_many_boards`).",
                413: "The body is longer than 1 MiB.",
                415: "The body is not application/json.",
            }
        ),
    },
)
@takes_no_query
def post_board(body: BoardRequest) -> Response:
    """An empty board. A name that another board has is 422."""
    account_id = current_account_id()
    with transaction() as session:
        lock_account(session, account_id)
        board = create_board(session, account_id=account_id, name=body.name)
    response = answer(BoardView.build(board), HTTPStatus.CREATED)
    response.headers["Location"] = f"{get_settings().public_url}/v1/boards/{board.public_id}"
    return response
