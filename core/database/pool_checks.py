"""Lend no connection that has died meanwhile, or whose plans are old, and ask the server only where that says something."""

from __future__ import annotations

import select
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

#: A connection that was in use a moment ago is not asked again: the question costs as much as a small statement.
_FRESH_SECONDS = 1.0

#: A plan that is kept was made for the tables as they were: reading a whole table of ten rows is right, and wrong when it
#: has a hundred thousand. It is never older than this when its statement begins, which a table does not grow much in.
_PLANS_KEPT_SECONDS = 5.0

_RETURNED_AT = "returned_at"
_PLANNED_AT = "planned_at"


def check_on_checkout(engine: Engine) -> None:
    """Before a connection is lent, see whether it works: a restarted PostgreSQL costs a reconnection and not an error.

    One at whose end the server has said something, as it does when it goes, or that has lain idle, is tried. Now and
    then the try lets it forget its plans.
    """

    @event.listens_for(engine, "checkin")
    def note_return(_connection: Any, record: Any) -> None:
        record.info[_RETURNED_AT] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def check(connection: Any, record: Any, _lent: Any) -> None:
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
    """Whether there is anything to read: on a link that nobody has asked anything on, mostly its end."""
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
