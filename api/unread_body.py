"""The rest of a body that a refusal left unread. A long one is not read to its end for the next request: the connection ends."""

from __future__ import annotations

from flask import Flask, Response, g, request

from api.server.connection_end import ConnectionEnd, end_connection

#: Bytes. Of a body as short as this gunicorn itself reads the rest, and keeps the connection.
_SHORT_BODY_BYTES = 64 * 1024


def register_unread_bodies(app: Flask) -> None:
    """Look at the body after every request of the app."""

    @app.after_request
    def end_after_long_body(response: Response) -> Response:
        is_short = "Transfer-Encoding" not in request.headers and (request.content_length or 0) <= _SHORT_BODY_BYTES
        if not is_short and not g.get("body_is_read"):
            end_connection(ConnectionEnd.WITH_ANSWER)
        return response


def note_whole_body() -> None:
    """The body of this request has been read to its end."""
    g.body_is_read = True
