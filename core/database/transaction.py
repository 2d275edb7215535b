"""The engine of this process and the one way to talk to it: a short, visible transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from core.database.error_details import drop_details_of_all
from core.database.fetch import execute
from core.database.pool_checks import check_on_checkout
from core.database.read_only import discard_read_only_sessions, find_read_only_reason
from core.errors import DatabaseReadOnly
from core.settings import get_settings

_Answer = TypeVar("_Answer")

#: The option of connections on which every statement is a transaction of its own.
_EACH_ALONE = "each_statement_alone"

#: A connection that has died in the pool shows it within this time.
_DEAD_AT_ONCE_SECONDS = 1.0

# Nothing slow happens inside a transaction, so whatever takes longer than this is a fault and is better cut off. A process
# that freezes with rows locked keeps them for ten seconds: less than a lease, so that others' heartbeats outlive it.
_SERVER_OPTIONS = " ".join(
    f"-c {option}"
    for option in (
        "statement_timeout=15s",
        "lock_timeout=5s",
        "idle_in_transaction_session_timeout=10s",
        "timezone=UTC",
        # Planning a statement of ours takes as long as running it, so plans are kept: where one for any parameters is as
        # good as one for these, which it is where a statement has its status as a literal. pool_checks.py says for how long.
        "plan_cache_mode=auto",
    )
)


@cache
def get_engine() -> Engine:
    """The engine of this process, built on first use."""
    settings = get_settings()
    return build_engine(settings.database_url, pool_size=settings.database_pool_size)


def build_engine(database_url: str, *, pool_size: int) -> Engine:
    """An engine with the options that every statement of ours relies on.

    Connections are checked when they are checked out. Connecting fails after three seconds.
    """
    engine = create_engine(
        database_url,
        pool_size=pool_size,
        max_overflow=0,
        # The connection that was used last is the warmest, in both processes.
        pool_use_lifo=True,
        pool_timeout=5,
        hide_parameters=True,  # prompts do not belong into error messages and logs
        # Set once for each connection and not at every checkout; a transaction begins with a statement of its own.
        isolation_level="AUTOCOMMIT",
        connect_args={
            "options": _SERVER_OPTIONS,
            "connect_timeout": 3,
            "application_name": "darkroom",
            # A half-open link is noticed by the kernel in about 15 s, idle (instead of two hours) or not (of minutes).
            "tcp_user_timeout": 15_000,
            "keepalives_idle": 5,
            "keepalives_interval": 5,
            "keepalives_count": 2,
        },
    )
    check_on_checkout(engine)
    discard_read_only_sessions(engine)
    drop_details_of_all(engine)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(_EACH_ALONE) and "isolation_level" not in options:
        execute(connection, "BEGIN")


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
    return engine.execution_options(**{_EACH_ALONE: True})


def ping() -> None:
    """Runs one trivial statement. Raises SQLAlchemy's error if the database does not answer, and DatabaseReadOnly if it takes
    no writes.
    """
    with autocommit() as connection:
        reason = find_read_only_reason(connection)
    if reason is not None:
        raise DatabaseReadOnly(reason)
