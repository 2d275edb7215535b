"""What the caller asked of an output or a board that does not go."""

from __future__ import annotations

from core.errors.base import DarkroomError, NotFound


class OutputNotFound(NotFound):
    """There is no such output: it may have expired, or its job was deleted."""

    code = "output_not_found"


class BoardNotFound(NotFound):
    """There is no such board."""

    code = "board_not_found"


class TooManyBoards(DarkroomError):
    """The account has as many boards as it may have; delete one first."""

    code = "too_many_boards"
