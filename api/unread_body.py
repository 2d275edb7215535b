"""The rest of a body that a refusal left unread. A long one is not read to its end for the next request: the connection ends."""

from __future__ import annotations

from flask import Flask, Response, g, request

#: Bytes. Of a body as short as this the server itself reads the rest, and keeps the connection.
_SHORT_BODY_BYTES = 64 * 1024


def register_unread_bodies(app: Flask) -> None:
    """Look at the body after every request of the app."""

    @app.after_request
    def end_connection(response: Response) -> Response:
        is_short = "Transfer-Encoding" not in request.headers and (request.content_length or 0) <= _SHORT_BODY_BYTES
        if not is_short and not g.get("body_is_read"):
            # The server's worker reads on until the client has the answer, in a thread of its own for all of them.
            response.headers["Connection"] = "close"
        return response


def note_whole_body() -> None:
    """The body of this request has been read to its end."""
    g.body_is_read = True
