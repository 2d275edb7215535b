"""What every error that core raises on purpose has; an error's docstring is its message unless it is given another."""

from __future__ import annotations


class DarkroomError(Exception):
    """Something went wrong in Darkroom."""

    #: Stable word for programs, sent as `code` in every problem+json answer.
    code = "internal"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())

    @property
    def message(self) -> str:
        return str(self)


class NotFound(DarkroomError):
    """There is nothing at this address."""

    code = "not_found"
