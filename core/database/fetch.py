"""Run SQL text on the driver itself, for the few statements that every job needs: SQLAlchemy takes as long to wrap an
answer as PostgreSQL takes to find it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import ClientCursor, Cursor
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row, tuple_row
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from core.database.error_details import drop_details
from core.database.per_transaction import execute_alone, find_start
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


def fetch_all(
    connection: Connection,
    statement: str,
    parameters: Mapping[str, Any],
    *,
    into: type[_Row],
    plan_for_values: bool = False,
) -> list[_Row]:
    """Returns all rows of the statement; otherwise as `fetch_one`. It can be planned for its very parameters, which are then
    literals of its text, and the plan is not kept.
    """
    return _run(connection, statement, parameters, class_row(into), Cursor.fetchall, plan_for_values=plan_for_values)


def execute(connection: Connection, statement: str, parameters: Mapping[str, Any] | None = None) -> None:
    """Runs a statement whose rows, if it has any, nobody needs; otherwise as `fetch_one`."""
    _run(connection, statement, parameters or {}, tuple_row, lambda _: None)


def begin(connection: Connection) -> None:
    """Begins a transaction with all its settings, in one round trip. Raises the errors that SQLAlchemy raises."""
    driver = _get_driver(connection)
    start = find_start(connection)
    if driver.autocommit:
        statement = "BEGIN" if start is None else start.as_one()
    elif start is not None:
        # The driver sends a BEGIN of its own before it.
        statement = start.set_all
    else:
        return
    with _errors_of_sqlalchemy(connection, statement, {}):
        driver.execute(statement)


def _run(
    connection: Connection,
    statement: str,
    parameters: Mapping[str, Any],
    row_factory: Any,
    take: Callable[[Cursor[Any]], _Result],
    *,
    plan_for_values: bool = False,
) -> _Result:
    driver = _get_driver(connection)
    with _errors_of_sqlalchemy(connection, statement, parameters):
        cursor = (
            ClientCursor(driver, row_factory=row_factory) if plan_for_values else driver.cursor(row_factory=row_factory)
        )
        start = find_start(connection)
        if start is None or driver.info.transaction_status != TransactionStatus.IDLE:
            cursor.execute(statement, parameters)
        else:
            execute_alone(cursor, start, statement, parameters)
        return take(cursor)


def _get_driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


@contextmanager
def _errors_of_sqlalchemy(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> Iterator[None]:
    driver = _get_driver(connection)
    try:
        yield
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
