"""How gunicorn reads a body: one that is malformed or cut short is a read error, and the last of its connection."""

from __future__ import annotations

from typing import Any

from gunicorn.http.errors import NoMoreData, ParseException


class UnreadableBody(NoMoreData):  # type: ignore[misc]  # gunicorn has no types
    """The body cannot be read to its end. For gunicorn a client that has gone away: it writes no answer and logs no error."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self._reason = reason

    def __str__(self) -> str:
        return self._reason


class StrictReader:
    """Takes the place of the reader of a request's body.

    gunicorn's own one answers the end of the connection in the middle of a body as if the body were complete, and raises
    errors that are none of OSError where chunks are malformed.
    """

    def __init__(self, request: Any) -> None:
        self._request = request
        self._reader = request.body.reader
        self._error: UnreadableBody | None = None

    def read(self, size: int) -> bytes:
        """Up to `size` bytes of the body, and none at its end. Raises UnreadableBody, now and whenever it is read again."""
        if self._error is None:
            try:
                return self._read(size)
            except (ParseException, OSError) as error:
                # Nobody knows where the next request would begin: the answer says that the connection is closed.
                self._request.force_close()
                if isinstance(error, ParseException):
                    self._error = UnreadableBody("its chunks are malformed")
                elif isinstance(error, NoMoreData):
                    self._error = UnreadableBody("the connection ended before it did")
                else:
                    raise
        raise self._error

    def _read(self, size: int) -> bytes:
        # None for a body in chunks.
        left: int | None = getattr(self._reader, "length", None)
        data: bytes = self._reader.read(size)
        if left is not None and len(data) < min(left, size):
            raise NoMoreData
        return data


def read_strictly(request: Any) -> None:
    """Let gunicorn read the body of this request (a `gunicorn.http.message.Request`) so."""
    request.body.reader = StrictReader(request)
