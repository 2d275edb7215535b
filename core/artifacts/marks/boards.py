"""An account's boards: list, find, make, rename and delete them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.artifacts.marks.tables import Board, BoardOutput
from core.errors import BoardNotFound, FieldError, InvalidRequest, TooManyBoards
from core.ids import format_id

#: Each list of boards holds all of them.
MAX_BOARDS = 500


@dataclass(frozen=True)
class ShownBoard:
    """A board, and how many outputs are on it."""

    id: UUID
    name: str
    outputs: int
    created_at: datetime
    updated_at: datetime

    @property
    def public_id(self) -> str:
        """The id as clients see it."""
        return format_id("board", self.id)


def list_boards(session: Session, *, account_id: UUID) -> list[ShownBoard]:
    """The account's boards, by name."""
    counts = (
        select(BoardOutput.board_id, func.count().label("outputs"))
        .where(BoardOutput.account_id == account_id)
        .group_by(BoardOutput.board_id)
        .subquery()
    )
    rows = session.execute(
        select(Board, func.coalesce(counts.c.outputs, 0))
        .outerjoin(counts, counts.c.board_id == Board.id)
        .where(Board.account_id == account_id)
        .order_by(func.lower(Board.name), Board.name)
    )
    return [_show(board, outputs) for board, outputs in rows]


def get_board(session: Session, *, account_id: UUID, board_id: UUID) -> ShownBoard:
    """The account's board. Raises BoardNotFound, the same whether it is another account's or there is none."""
    return _show_counted(session, _find_row(session, account_id, board_id))


def create_board(session: Session, *, account_id: UUID, name: str) -> ShownBoard:
    """A new, empty board. The caller holds the account's lock, so that requests at the same time agree on names and number.

    Raises InvalidRequest for a name that another board has, and TooManyBoards.
    """
    if session.execute(select(func.count()).where(Board.account_id == account_id)).scalar_one() >= MAX_BOARDS:
        raise TooManyBoards(f"The account has {MAX_BOARDS} boards, as many as it may have; delete one first.")
    _check_free(session, account_id, name)
    board = Board(account_id=account_id, name=name)
    session.add(board)
    session.flush()
    session.refresh(board)
    return _show(board, 0)


def rename_board(session: Session, *, account_id: UUID, board_id: UUID, name: str) -> ShownBoard:
    """The board with another name; the caller holds the account's lock. Raises BoardNotFound, and InvalidRequest for a name that
    another board has.
    """
    board = _find_row(session, account_id, board_id)
    if name != board.name:
        _check_free(session, account_id, name)
        board.name = name
        board.updated_at = func.now()
        session.flush()
        session.refresh(board)
    return _show_counted(session, board)


def delete_board(session: Session, *, account_id: UUID, board_id: UUID) -> None:
    """The outputs on it stay, and so do their places on other boards. Raises BoardNotFound."""
    session.delete(_find_row(session, account_id, board_id))


def _find_row(session: Session, account_id: UUID, board_id: UUID) -> Board:
    board = session.scalars(select(Board).where(Board.id == board_id, Board.account_id == account_id)).one_or_none()
    if board is None:
        raise BoardNotFound
    return board


def _check_free(session: Session, account_id: UUID, name: str) -> None:
    taken = select(Board.id).where(Board.account_id == account_id, Board.name == name)
    if session.scalars(taken).one_or_none() is not None:
        raise InvalidRequest([FieldError("name", f"{name!r} is the name of another board", "conflict")])


def _show_counted(session: Session, board: Board) -> ShownBoard:
    counted = select(func.count()).where(BoardOutput.board_id == board.id)
    return _show(board, session.execute(counted).scalar_one())


def _show(board: Board, outputs: int) -> ShownBoard:
    return ShownBoard(board.id, board.name, outputs, board.created_at, board.updated_at)
