"""How the connection of a request ends, if it does. gunicorn ignores what the application says in a `Connection` header."""

from __future__ import annotations

from enum import Enum, auto

from flask import request

_KEY = "darkroom.connection_end"


class ConnectionEnd(Enum):
    """What the server's worker does once the application has answered."""

    #: Send the answer, and end the connection.
    WITH_ANSWER = auto()

    #: Keep the answer for a second. A client that never waits between its requests is slowed down, and costs no thread.
    LATE_ANSWER = auto()


def end_connection(how: ConnectionEnd) -> None:
    """The connection of the current request ends; the first call decides how."""
    request.environ.setdefault(_KEY, how)


def get_connection_end(environ: dict[str, object]) -> ConnectionEnd | None:
    """How the connection of a request that is answered ends; None if it is kept as long as the client wants."""
    end = environ.get(_KEY)
    return end if isinstance(end, ConnectionEnd) else None
