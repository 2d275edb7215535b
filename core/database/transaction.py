"""The one way to talk to the database: a short, visible transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from core.database.engine import EACH_ALONE, get_engine
from core.database.read_only import describe_refused_connection, find_read_only_reason
from core.errors import DatabaseReadOnly

_Answer = TypeVar("_Answer")

#: A connection that has died in the pool shows it within this time.
_DEAD_AT_ONCE_SECONDS = 1.0


@cache
def _sessions() -> sessionmaker[Session]:
    return sessionmaker(get_engine(), expire_on_commit=False)


@contextmanager
def transaction() -> Iterator[Session]:
    """Opens one transaction: committed when the block ends, rolled back when it raises.

    Keep render, upload and HTTP calls outside it.
    """
    with _sessions().begin() as session:
        yield session


@contextmanager
def autocommit() -> Iterator[Connection]:
    """Checks out a connection on which every statement is a transaction of its own, committed when it answers."""
    with _without_transactions(get_engine()).connect() as connection:
        yield connection


def read_with_one_retry(read: Callable[[Connection], _Answer]) -> _Answer:
    """Returns what `read` finds on a connection in autocommit mode. If the connection turns out to be dead at once, `read`
    runs again on another one, so it must do no harm to run it twice.
    """
    started_at = time.monotonic()
    try:
        with autocommit() as connection:
            return read(connection)
    except DBAPIError as error:
        if not error.connection_invalidated or time.monotonic() - started_at > _DEAD_AT_ONCE_SECONDS:
            raise
    with autocommit() as connection:
        return read(connection)


@cache
def _without_transactions(engine: Engine) -> Engine:
    # The same pool, in another mode.
    return engine.execution_options(**{EACH_ALONE: True})


def ping() -> None:
    """Runs one small statement. Raises DatabaseReadOnly if the database takes no writes, and SQLAlchemy's error if it does not
    answer.
    """
    try:
        with autocommit() as connection:
            reason = find_read_only_reason(connection)
    except DBAPIError as error:
        reason = describe_refused_connection(error)
        if reason is None:
            raise
    if reason is not None:
        raise DatabaseReadOnly(reason)
