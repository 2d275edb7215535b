"""Record the statements that a test sends to the database, from any code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import event

from core.database import get_engine


@contextmanager
def noted_statements() -> Iterator[list[tuple[str, Any]]]:
    """The statements of the block with their parameters, without those that begin a transaction."""
    noted: list[tuple[str, Any]] = []

    class NotingCursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> NotingCursor:
            if query != "BEGIN":
                noted.append((query, params))
            return super().execute(query, params, **options)

    def lend(connection: Any, *_: Any) -> None:
        connection.cursor_factory = NotingCursor

    def take_back(connection: Any, *_: Any) -> None:
        connection.cursor_factory = psycopg.Cursor

    event.listen(get_engine(), "checkout", lend)
    event.listen(get_engine(), "checkin", take_back)
    try:
        yield noted
    finally:
        event.remove(get_engine(), "checkout", lend)
        event.remove(get_engine(), "checkin", take_back)
