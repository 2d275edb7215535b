"""Find sessions that take no writes, and throw them away: those of a standby, and those of a server that refuses writes, as
around a failover.
"""

from __future__ import annotations

import math
import time
from typing import Any

from psycopg.errors import (
    FeatureNotSupported,
    ObjectNotInPrerequisiteState,
    ReadOnlySqlTransaction,
    SerializationFailure,
)
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError

#: A session that is read-only serves reads for so long. Then it is replaced, by one that may take writes.
_KEPT_SECONDS = 1.0

#: What PostgreSQL reports by itself, at the start of a session and with the answer to the next statement after a change.
_STANDBY = b"in_hot_standby"
_DEFAULT = b"default_transaction_read_only"

#: What else a standby refuses, or ends: what it cannot do in recovery, and what conflicts with it.
_REFUSED_IN_RECOVERY = (FeatureNotSupported, ObjectNotInPrerequisiteState, SerializationFailure)

#: What libpq says of a host that does not take writes, when DATABASE_URL asks for one that does.
_NO_PRIMARY = ("session is read-only", "server is in hot standby mode")

_CONNECTED_AT = "connected_at"

_STATE = text(
    "select pg_is_in_recovery(), current_setting('default_transaction_read_only')::bool, "
    "current_setting('transaction_read_only')::bool"
)


def find_read_only_reason(connection: Connection) -> str | None:
    """Asks the database why it takes no writes. Returns a sentence for the operator, or None if it takes them."""
    in_recovery, is_default, is_read_only_now = connection.execute(_STATE).one()
    if in_recovery:
        return "The database takes no writes: this server is a standby, and is in recovery."
    if is_default:
        return "The database takes no writes: default_transaction_read_only is on."
    return "The database takes no writes: its transactions are read-only." if is_read_only_now else None


def describe_refused_connection(error: Exception) -> str | None:
    """Returns the same sentence about an error of connecting: None if it has another reason than that no host takes writes."""
    if any(text in str(error) for text in _NO_PRIMARY):
        return "The database takes no writes: every host of DATABASE_URL that answers is read-only."
    return None


def discard_read_only_sessions(engine: Engine) -> None:
    """Keeps no session that takes no writes: after a failover the old server may hold sessions open that will never take any.

    A session that refuses a write is treated as broken, and all that are older leave the pool with it. One that has reported
    itself as read-only leaves the pool a second after it was connected. Nothing is sent for it.
    """
    refused_at = -math.inf

    @event.listens_for(engine, "connect")
    def note_connect(_driver: Any, record: Any) -> None:
        record.info[_CONNECTED_AT] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def check(driver: Any, record: Any, _proxy: Any) -> None:
        connected_at = record.info[_CONNECTED_AT]
        if connected_at < refused_at or (_is_read_only(driver) and time.monotonic() - connected_at > _KEPT_SECONDS):
            raise InvalidatePoolError

    @event.listens_for(engine, "handle_error")
    def treat_as_broken(context: ExceptionContext) -> None:
        connection = context.connection
        if connection is None or connection.closed or connection.invalidated:
            return
        if is_read_only_error(context.original_exception, connection.connection.driver_connection):
            context.is_disconnect = True

    @event.listens_for(engine, "invalidate")
    def note_refusal(driver: Any, _record: Any, error: BaseException | None) -> None:
        nonlocal refused_at
        if is_read_only_error(error, driver):
            refused_at = time.monotonic()


def is_read_only_error(error: BaseException | None, driver: Any) -> bool:
    """Whether the session's error means that it takes no writes, so that another session may serve and this one cannot."""
    return isinstance(error, ReadOnlySqlTransaction) or (
        isinstance(error, _REFUSED_IN_RECOVERY) and _is_read_only(driver)
    )


def _is_read_only(driver: Any) -> bool:
    """Whether the session was read-only when it last answered."""
    if driver.closed:
        return False
    report = driver.pgconn.parameter_status
    return b"on" in {report(_STANDBY), report(_DEFAULT)}
