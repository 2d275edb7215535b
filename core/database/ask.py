"""Ask the driver itself, for the few statements that every job needs: SQLAlchemy takes as long to wrap an answer as
PostgreSQL to find it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def ask(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> Any:
    """The one row that the statement gives, or None. It is a part of the connection's transaction, and errors are those
    that SQLAlchemy raises.
    """
    driver: Any = connection.connection.driver_connection
    try:
        cursor = driver.cursor(row_factory=namedtuple_row)
        cursor.execute(statement, parameters)
        return None if cursor.rownumber is None else cursor.fetchone()
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
