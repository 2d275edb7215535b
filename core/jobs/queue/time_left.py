"""Whether a moment that a sender has set lies ahead, by the database's clock."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, or_


def has_time_left(deadline_at: Any) -> ColumnElement[bool]:
    """Builds the condition that the deadline, a column or an expression, lies ahead or is null."""
    return or_(deadline_at.is_(None), deadline_at > func.clock_timestamp())
