"""The rest of a body that a refusal left unread: taken off the connection, up to a bound, so that the client gets the answer."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

from flask import Flask, Response, g, request

#: Bytes that are read and thrown away. Of a longer rest the connection is closed: it would cost more than what was refused.
_MOST_DRAINED = 1024 * 1024

#: Seconds to wait for the client to send them.
_PATIENCE_SECONDS = 2.0

#: Threads that do this at a time, and the seconds that another one waits for it: in a flood the others close their connections.
_DRAINING = threading.BoundedSemaphore(2)
_WAIT_SECONDS = 0.1


def register_unread_bodies(app: Flask) -> None:
    """Do it after every request of the app."""

    @app.after_request
    def drain(response: Response) -> Response:
        has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
        if has_body and not g.get("body_is_read") and not _drain(request.environ):
            response.headers["Connection"] = "close"
        return response


def note_whole_body() -> None:
    """The body of this request has been read to its end."""
    g.body_is_read = True


def _drain(environ: dict[str, Any]) -> bool:
    """Whether nothing of the body is left on the connection."""
    body = environ["wsgi.input"]
    if not _DRAINING.acquire(timeout=_WAIT_SECONDS):
        return False
    # Of gunicorn; a test's client has none.
    connection = environ.get("gunicorn.socket")
    patience = connection.gettimeout() if connection else None
    try:
        if connection:
            connection.settimeout(_PATIENCE_SECONDS)
        # In one read: the server itself would read 1 KiB at a time, and copy what it holds each time.
        return len(body.read(_MOST_DRAINED)) < _MOST_DRAINED
    except (OSError, ValueError):
        # The client is gone, or what it sends is no body.
        return False
    finally:
        _DRAINING.release()
        if connection:
            with suppress(OSError):
                connection.settimeout(patience)
