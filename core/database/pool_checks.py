"""Checks a pooled connection at checkout: pings it if it was idle or the server has sent something; drops its plans every 5 s;
throws it away if it is read-only.
"""

from __future__ import annotations

import math
import select
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

from core.database.read_only import is_read_only, is_read_only_error

#: A connection that was in use a moment ago is not pinged: a ping costs as much as a small statement.
_FRESH_SECONDS = 1.0

#: A plan that is kept was made for the tables as they were: reading a whole table of ten rows is right, and wrong when it
#: has a hundred thousand. It is never older than this when its statement begins; a table does not grow much in that time.
_PLANS_KEPT_SECONDS = 5.0

#: A session that is read-only serves reads for so long. Then it is replaced, by one that may take writes.
_READ_ONLY_KEPT_SECONDS = 1.0

_CONNECTED_AT = "connected_at"
_RETURNED_AT = "returned_at"
_PLANNED_AT = "planned_at"


def check_on_checkout(engine: Engine) -> None:
    """Checks every connection of the engine when it is checked out: a restarted PostgreSQL costs a reconnection and not an
    error.

    A connection is pinged if there is something to read from it, as when the server has ended it, or if it was idle. Now
    and then the check drops its plans instead.

    A session that has reported itself as read-only leaves the pool, and so do all sessions that are older than one that has
    refused a write: after a failover the old server may keep them open.
    """
    refused_at = -math.inf

    @event.listens_for(engine, "connect")
    def note_connect(_connection: Any, record: Any) -> None:
        record.info[_CONNECTED_AT] = time.monotonic()

    @event.listens_for(engine, "invalidate")
    def doubt_others(connection: Any, _record: Any, error: BaseException | None) -> None:
        nonlocal refused_at
        if is_read_only_error(error, connection):
            refused_at = time.monotonic()

    @event.listens_for(engine, "checkin")
    def note_return(_connection: Any, record: Any) -> None:
        record.info[_RETURNED_AT] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def check(connection: Any, record: Any, _proxy: Any) -> None:
        now = time.monotonic()
        if _RETURNED_AT not in record.info:  # it is new
            record.info[_PLANNED_AT] = now
            return
        if record.info[_CONNECTED_AT] < refused_at:
            raise InvalidatePoolError
        if now - record.info[_PLANNED_AT] > _PLANS_KEPT_SECONDS:
            record.info[_PLANNED_AT] = now
            is_fit = _forgets_plans(engine, connection)
        elif now - record.info[_RETURNED_AT] > _FRESH_SECONDS or _has_news(connection):
            is_fit = _answers(engine, connection)
        else:
            is_fit = True
        is_old = now - record.info[_CONNECTED_AT] > _READ_ONLY_KEPT_SECONDS
        if not is_fit or (is_old and is_read_only(connection)):
            # The others are no better.
            raise InvalidatePoolError


def _has_news(connection: Any) -> bool:
    """Whether there is anything to read: on a connection that no statement runs on, that is mostly its end."""
    if connection.closed:
        return True
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    return bool(poller.poll(0))


def _forgets_plans(engine: Engine, connection: Any) -> bool:
    try:
        connection.execute("DISCARD PLANS")
    except engine.dialect.loaded_dbapi.Error:
        return False
    return True


def _answers(engine: Engine, connection: Any) -> bool:
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        return False
    return True
