"""The only clock that leases and schedules go by: the database's, so that workers' clocks do not matter."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func


def seconds_from_now(seconds: float) -> ColumnElement[datetime]:
    """The moment that many seconds after the statement reads the clock (not after its transaction began)."""
    return func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
