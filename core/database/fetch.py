"""Run SQL text on the driver itself, for the few statements that every job needs: SQLAlchemy takes as long to wrap an
answer as PostgreSQL takes to find it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import psycopg
from psycopg import Cursor
from psycopg.rows import class_row, tuple_row
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from core.database.error_details import drop_details
from core.database.read_only import is_read_only_error

_Row = TypeVar("_Row")
_Result = TypeVar("_Result")


def fetch_one(
    connection: Connection, statement: str, parameters: Mapping[str, Any], *, into: type[_Row]
) -> _Row | None:
    """Runs a statement in the connection's transaction and returns its first row, or None.

    `into` is made from the row's columns, by their names. Raises the errors that SQLAlchemy raises.
    """
    return _run(connection, statement, parameters, class_row(into), Cursor.fetchone)


def fetch_all(connection: Connection, statement: str, parameters: Mapping[str, Any], *, into: type[_Row]) -> list[_Row]:
    """Returns all rows of the statement; otherwise as `fetch_one`."""
    return _run(connection, statement, parameters, class_row(into), Cursor.fetchall)


def execute(connection: Connection, statement: str, parameters: Mapping[str, Any] | None = None) -> None:
    """Runs a statement whose rows, if it has any, nobody needs; otherwise as `fetch_one`."""
    _run(connection, statement, parameters or {}, tuple_row, lambda _: None)


def _run(
    connection: Connection,
    statement: str,
    parameters: Mapping[str, Any],
    row_factory: Any,
    take: Callable[[Cursor[Any]], _Result],
) -> _Result:
    driver: Any = connection.connection.driver_connection
    try:
        cursor = driver.cursor(row_factory=row_factory)
        cursor.execute(statement, parameters)
        return take(cursor)
    except psycopg.Error as error:
        drop_details(error)
        is_broken = connection.dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]  # it is of this driver
        is_gone = is_broken or is_read_only_error(error, driver)
        if is_gone:
            # The pool's other connections are checked at their next checkout.
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement,
            dict(parameters),
            error,
            psycopg.Error,
            hide_parameters=True,
            connection_invalidated=is_gone,
            dialect=connection.dialect,
        ) from error
