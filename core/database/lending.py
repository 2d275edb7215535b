"""Lend no connection that has died meanwhile, and ask the server about it only where that says something."""

from __future__ import annotations

import select
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

#: A connection that was in use a moment ago is not asked again: the question costs as much as a small statement.
_FRESH_SECONDS = 1.0

_RETURNED_AT = "returned_at"


def check_before_lending(engine: Engine) -> None:
    """Before a connection is lent, see whether it works: a restarted PostgreSQL costs a reconnection and not an error.

    One at whose end the server has said something, as it does when it goes, or that has lain idle, is tried.
    """

    @event.listens_for(engine, "checkin")
    def note_return(_connection: Any, record: Any) -> None:
        record.info[_RETURNED_AT] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def check(connection: Any, record: Any, _lent: Any) -> None:
        returned_at = record.info.get(_RETURNED_AT)
        if returned_at is None:  # it is new
            return
        is_idle = time.monotonic() - returned_at > _FRESH_SECONDS
        if (is_idle or _has_news(connection)) and not _answers(engine, connection):
            # The others are no better.
            raise InvalidatePoolError


def _has_news(connection: Any) -> bool:
    """Whether there is anything to read: on a link that nobody has asked anything on, mostly its end."""
    if connection.closed:
        return True
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    return bool(poller.poll(0))


def _answers(engine: Engine, connection: Any) -> bool:
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        return False
    return True
