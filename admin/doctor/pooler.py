"""Whether a pooler such as PgBouncer is between us and PostgreSQL, and what it does with sessions."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, text

from admin.doctor.finding import Area, Finding

#: Another client of the pooler may take the session in between, which looks like session mode.
_TRIES = 3

_database = Area("database")


def check_pooler(engine: Engine, connection: Connection) -> Iterator[Finding]:
    """A pooler in session mode is fine; in transaction mode settings of a session reach other sessions."""
    if not _is_pooled(connection):
        yield _database.ok("pooler", "none in between")
    elif _shares_sessions(engine, connection):
        todo = "Use its session mode, or connect to PostgreSQL itself: pool_mode = session"
        yield _database.warning(
            "pooler", "one is in between, in transaction mode: sessions change between transactions", todo
        )
    else:
        yield _database.ok("pooler", "one is in between, in session mode")


def _is_pooled(connection: Connection) -> bool:
    # A pooler gives its clients a number of its own for cancelling.
    driver = connection.connection.driver_connection
    assert driver is not None
    return bool(driver.info.backend_pid != _get_backend(connection))


def _shares_sessions(engine: Engine, first: Connection) -> bool:
    """Whether the session of a client that is connected, but has no transaction, serves a second client."""
    for _ in range(_TRIES):
        session = _get_backend(first)
        first.commit()
        with engine.connect() as second:
            if _get_backend(second) == session:
                return True
    return False


def _get_backend(connection: Connection) -> int:
    return int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)
