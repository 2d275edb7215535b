"""Checks a pooled connection at checkout: pings it if it was idle or the server has sent something; drops its plans every 5 s."""

from __future__ import annotations

import select
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

#: A connection that was in use a moment ago is not pinged: a ping costs as much as a small statement.
_FRESH_SECONDS = 1.0

#: A plan that is kept was made for the tables as they were: reading a whole table of ten rows is right, and wrong when it
#: has a hundred thousand. It is never older than this when its statement begins; a table does not grow much in that time.
_PLANS_KEPT_SECONDS = 5.0

_RETURNED_AT = "returned_at"
_PLANNED_AT = "planned_at"


def check_on_checkout(engine: Engine) -> None:
    """Checks every connection of the engine when it is checked out: a restarted PostgreSQL costs a reconnection and not an
    error.

    A connection is pinged if there is something to read from it, as when the server has ended it, or if it was idle. Now
    and then the check drops its plans instead.
    """

    @event.listens_for(engine, "checkin")
    def note_return(_connection: Any, record: Any) -> None:
        record.info[_RETURNED_AT] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def check(connection: Any, record: Any, _proxy: Any) -> None:
        now = time.monotonic()
        if _RETURNED_AT not in record.info:  # it is new
            record.info[_PLANNED_AT] = now
            return
        if now - record.info[_PLANNED_AT] > _PLANS_KEPT_SECONDS:
            record.info[_PLANNED_AT] = now
            is_fit = _forgets_plans(engine, connection)
        elif now - record.info[_RETURNED_AT] > _FRESH_SECONDS or _has_news(connection):
            is_fit = _answers(engine, connection)
        else:
            return
        if not is_fit:
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
