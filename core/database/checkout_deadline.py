"""A deadline on every checked-out connection, kept by a thread that shuts its socket."""

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

#: How long a connection may take to answer the check at its checkout: one that works takes a moment.
_CHECK_SECONDS = 1.0

_log = structlog.get_logger()


def enforce_checkout_deadline(engine: Engine, seconds: float) -> None:
    """Cuts every connection that is checked out for longer, even if the server's machine acknowledges all that is sent: the
    thread that waits for an answer gets the error of a broken connection. A connection that does not answer its check at
    checkout within a second is cut as well, and the pool takes another one. For a process that never needs a connection
    for long; call it once, after the process was forked.
    """
    checked_out: dict[Any, float] = {}
    lock = threading.Lock()

    # Before all other listeners: the check at checkout may take for ever as well.
    @event.listens_for(engine, "checkout", insert=True)
    def note(connection: Any, _record: Any, _proxy: Any) -> None:
        with lock:
            checked_out[connection] = time.monotonic() + min(seconds, _CHECK_SECONDS)

    # After all other listeners.
    @event.listens_for(engine, "checkout")
    def note_that_it_works(connection: Any, _record: Any, _proxy: Any) -> None:
        with lock:
            checked_out[connection] = time.monotonic() + seconds

    @event.listens_for(engine, "checkin")
    def forget(connection: Any, _record: Any) -> None:
        with lock:
            checked_out.pop(connection, None)

    def watch() -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            with lock:
                overdue = [connection for connection, due in checked_out.items() if time.monotonic() > due]
                for connection in overdue:
                    del checked_out[connection]
                    cut(connection)

    threading.Thread(target=watch, name="checkout-deadline", daemon=True).start()


def cut(connection: Any) -> None:
    """Shuts the socket, so that a thread that reads from it finds its end. It stays open, so that its file number is not
    reused.
    """
    # A connection that was closed this moment has no number any more.
    with suppress(Exception):
        with socket.socket(fileno=os.dup(connection.fileno())) as link:
            link.shutdown(socket.SHUT_RDWR)
        _log.warning("database_connection_cut")
