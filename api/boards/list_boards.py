"""`GET /v1/boards`: the account's boards."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel

from api.answer import NOT_MODIFIED, answer_read
from api.authentication import current_account_id
from api.boards.blueprint import BoardView, boards_blueprint
from api.no_query import takes_no_query
from core.artifacts.marks import boards
from core.database import transaction


class BoardList(BaseModel):
    """All boards of the account; there is only ever one page."""

    data: list[BoardView]
    next_cursor: str | None = None


@boards_blueprint.get("/boards", summary="List boards", responses={200: BoardList, **NOT_MODIFIED})
@takes_no_query
def list_boards() -> Response:
    """The account's boards by name, with the number of pictures on each."""
    with transaction() as session:
        listed = boards.list_boards(session, account_id=current_account_id())
    return answer_read(BoardList(data=[BoardView.build(board) for board in listed]))
