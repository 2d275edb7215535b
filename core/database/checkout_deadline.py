"""Wait for the database so long and no longer, also where it stands still and its machine says that all is well."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy import Engine, event

#: Between two looks.
_LOOK_SECONDS = 0.25

#: How long a connection may take to show that it works, before it is lent: a moment, where it does.
_CHECK_SECONDS = 1.0

_log = structlog.get_logger()


def enforce_checkout_deadline(engine: Engine, seconds: float) -> None:
    """Cut every connection that is lent for longer: whoever waits for its answer gets the error of a connection that
    broke. One that is tried before it is lent, and does not answer within a second, is cut as well, and another one is
    lent. For a process that never needs one for long; call it once, after the process was forked.
    """
    lent: dict[Any, float] = {}
    lock = threading.Lock()

    # First of all: that it works is looked at when it is lent, and may take for ever as well.
    @event.listens_for(engine, "checkout", insert=True)
    def note(connection: Any, _record: Any, _lent: Any) -> None:
        with lock:
            lent[connection] = time.monotonic() + min(seconds, _CHECK_SECONDS)

    # Last of all.
    @event.listens_for(engine, "checkout")
    def note_that_it_works(connection: Any, _record: Any, _lent: Any) -> None:
        with lock:
            lent[connection] = time.monotonic() + seconds

    @event.listens_for(engine, "checkin")
    def forget(connection: Any, _record: Any) -> None:
        with lock:
            lent.pop(connection, None)

    def watch() -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            with lock:
                overdue = [connection for connection, due in lent.items() if time.monotonic() > due]
                for connection in overdue:
                    del lent[connection]
                    _cut(connection)

    threading.Thread(target=watch, name="database-patience", daemon=True).start()


def _cut(connection: Any) -> None:
    """Whoever reads from it finds its end. It stays open, so that its number is nobody else's meanwhile."""
    # A connection that was closed this moment has no number any more.
    with suppress(Exception):
        with socket.socket(fileno=os.dup(connection.fileno())) as link:
            link.shutdown(socket.SHUT_RDWR)
        _log.warning("database_connection_cut")
