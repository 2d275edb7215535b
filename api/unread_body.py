"""The rest of a body that a refusal left unread. A long one is not read to its end for the next request: the connection ends."""

from __future__ import annotations

import threading
from typing import Protocol

from flask import Flask, Response, g, request

#: Bytes. Of a body as short as this gunicorn itself reads the rest, and keeps the connection.
_SHORT_BODY_BYTES = 64 * 1024


class RequestOfServer(Protocol):
    """gunicorn's own view of a request."""

    def force_close(self) -> None:
        """End the connection after the answer, and say so in it."""


class _Answering(threading.local):
    """What the thread answers."""

    request: RequestOfServer | None = None


_answering = _Answering()


def note_request_of_server(request_of_server: RequestOfServer) -> None:
    """The thread goes on to answer this request. gunicorn ignores a `Connection` header that the application sends."""
    _answering.request = request_of_server


def register_unread_bodies(app: Flask) -> None:
    """Look at the body after every request of the app."""

    @app.after_request
    def end_connection(response: Response) -> Response:
        is_short = "Transfer-Encoding" not in request.headers and (request.content_length or 0) <= _SHORT_BODY_BYTES
        if not is_short and not g.get("body_is_read") and _answering.request:
            # The connection is closed late: only when the client has the answer.
            _answering.request.force_close()
        return response


def note_whole_body() -> None:
    """The body of this request has been read to its end."""
    g.body_is_read = True
