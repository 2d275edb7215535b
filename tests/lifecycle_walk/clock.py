"""The database's clock as the walk wants it: it stands still while the walk works, and steps when the walk says so."""

from __future__ import annotations

import time

from sqlalchemy import text

import core.schema
from core.database import Timestamp, get_engine

#: What passes unseen between two steps. The walk's moments lie at least 2 s from every time at which it looks.
_UNSEEN_SECONDS = 0.3


class SteppedClock:
    """Every time in the tables moves the other way, which is the same to every statement that compares it with now."""

    def __init__(self) -> None:
        #: Seconds since the walk began; whole ones.
        self.now = 0
        self._stopped_at = time.monotonic()

    def stop(self) -> None:
        """The time that the walk itself took has not passed: what was over stays over, the rest is as far ahead."""
        passed = time.monotonic() - self._stopped_at
        if passed > _UNSEEN_SECONDS:
            _move(
                "case when {column} <= now() then least({column} + {by}, now()) else {column} + {by} end",
                passed,
            )
            self._stopped_at = time.monotonic()

    def step(self, seconds: int) -> None:
        """Let this many seconds pass."""
        _move("{column} - {by}", seconds)
        self.now += seconds


def _move(moved: str, seconds: float) -> None:
    updates = []
    for number, table in enumerate(core.schema.metadata.sorted_tables):
        columns = [column.name for column in table.columns if column.type is Timestamp]
        changes = ", ".join(
            f"{name} = " + moved.format(column=name, by="make_interval(secs => :seconds)") for name in columns
        )
        if changes:
            updates.append(f"moved_{number} as (update {table.name} set {changes})")
    with get_engine().begin() as connection:
        connection.execute(text(f"with {', '.join(updates)} select"), {"seconds": float(seconds)})
