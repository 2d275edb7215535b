"""Whether a pooler such as PgBouncer is between us and PostgreSQL, and what it does with sessions."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

from admin.doctor.finding import Area, Finding

#: Another client of the pooler may take the session in between, which looks like session mode.
_TRIES = 3

_database = Area("database")


def check_pooler(engine: Engine, connection: Connection, setting: str) -> Finding:
    """Whether what stands between is what DATABASE_POOLER says; `auto` takes every pooler as if it were in transaction mode."""
    if not _is_pooled(connection):
        return _database.ok("pooler", "none in between")
    if _shares_sessions(engine, connection):
        seen = "one is in between, in transaction mode"
        if setting == "session":
            return _database.error("pooler", f"{seen}, and DATABASE_POOLER=session", "Leave DATABASE_POOLER out")
        return _database.ok("pooler", seen)
    hint = "" if setting == "session" else ": with DATABASE_POOLER=session it takes fewer statements"
    return _database.ok("pooler", f"one is in between, in session mode{hint}")


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
