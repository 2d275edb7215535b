"""Cursors of lists: the id that a page ended with."""

from __future__ import annotations

from core.ids import parse_id


def check_cursor(text: str) -> str:
    """The text, if it is a cursor. Raises ValueError."""
    if parse_id("cur", text) is None:
        raise ValueError("is not a next_cursor that was given out here")
    return text
