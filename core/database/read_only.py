"""Find sessions that take no writes: those of a standby, and those of a server that refuses writes, as around a failover."""

from __future__ import annotations

from typing import Any

from psycopg.errors import (
    FeatureNotSupported,
    ObjectNotInPrerequisiteState,
    ReadOnlySqlTransaction,
    SerializationFailure,
)
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine import ExceptionContext

#: What PostgreSQL reports by itself, at the start of a session and with the answer to the next statement after a change.
_REPORTED = (b"in_hot_standby", b"default_transaction_read_only")

#: What else a standby refuses, or ends: what it cannot do in recovery, and what conflicts with it.
_REFUSED_IN_RECOVERY = (FeatureNotSupported, ObjectNotInPrerequisiteState, SerializationFailure)

_STATE = text(
    "select pg_is_in_recovery(), current_setting('default_transaction_read_only')::bool, "
    "current_setting('transaction_read_only')::bool"
)


def is_read_only(driver: Any) -> bool:
    """Whether the session was read-only when it last answered. Nothing is sent. A session that is closed is not."""
    return not driver.closed and any(driver.pgconn.parameter_status(name) == b"on" for name in _REPORTED)


def is_read_only_error(error: BaseException | None, driver: Any) -> bool:
    """Whether the session's error means that it takes no writes, so that another session may serve where this one cannot."""
    return isinstance(error, ReadOnlySqlTransaction) or (
        isinstance(error, _REFUSED_IN_RECOVERY) and is_read_only(driver)
    )


def discard_read_only_sessions(engine: Engine) -> None:
    """Treats a session of the engine that refused a write as one that has broken: it leaves the pool, and so do the others
    when they are next checked out.
    """

    @event.listens_for(engine, "handle_error")
    def discard(context: ExceptionContext) -> None:
        connection = context.connection
        if connection is None or connection.closed or connection.invalidated:
            return
        if is_read_only_error(context.original_exception, connection.connection.driver_connection):
            context.is_disconnect = True


def find_read_only_reason(connection: Connection) -> str | None:
    """Asks the database why it takes no writes: a sentence for the operator, or None if it takes them."""
    in_recovery, is_read_only_by_default, refuses = connection.execute(_STATE).one()
    if in_recovery:
        return "The database takes no writes: this server is a standby, and is in recovery."
    if is_read_only_by_default:
        return "The database takes no writes: default_transaction_read_only is on."
    return "The database takes no writes: its transactions are read-only." if refuses else None
