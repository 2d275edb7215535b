"""Ask the driver itself, for the few statements that every job needs: SQLAlchemy takes as long to wrap an answer as
PostgreSQL to find it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from psycopg import Cursor
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def fetch_one(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> Any:
    """The one row that the statement gives, or None. It is a part of the connection's transaction, and errors are those
    that SQLAlchemy raises.
    """
    return _run(connection, statement, parameters, _take_one)


def fetch_all(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> list[Any]:
    """All rows that the statement gives; otherwise as `fetch_one`."""
    rows: list[Any] = _run(connection, statement, parameters, Cursor.fetchall)
    return rows


def _take_one(cursor: Cursor[Any]) -> Any:
    return None if cursor.rownumber is None else cursor.fetchone()


def _run(
    connection: Connection, statement: str, parameters: Mapping[str, Any], take: Callable[[Cursor[Any]], Any]
) -> Any:
    driver: Any = connection.connection.driver_connection
    try:
        cursor = driver.cursor(row_factory=namedtuple_row)
        cursor.execute(statement, parameters)
        return take(cursor)
    except psycopg.Error as error:
        is_gone = connection.dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]  # it is of this driver
        if is_gone:
            # The others of the pool are looked at before they are lent.
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
