"""How gunicorn reads a body: straight into the memory where it stays, and a body that is malformed or cut short is a read error,
and the last of its connection.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from gunicorn.http.body import Body
from gunicorn.http.errors import NoMoreData, ParseException

#: Bytes of one read through gunicorn's own readers.
_READ_BYTES = 1024 * 1024

_Read = TypeVar("_Read", bytes, int)


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
        return self._strictly(partial(self._read, size))

    def readinto(self, buffer: memoryview) -> int:
        """Put the next bytes of the body into the buffer, as many as have come and fit; returns how many, 0 at the end.

        Raises UnreadableBody, now and whenever it is read again.
        """
        return self._strictly(partial(self._read_into, buffer))

    def _strictly(self, read: Callable[[], _Read]) -> _Read:
        if self._error is None:
            try:
                return read()
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
        left = self._bytes_left()
        data: bytes = self._reader.read(size)
        if left is not None and len(data) < min(left, size):
            raise NoMoreData
        return data

    def _read_into(self, buffer: memoryview) -> int:
        left, unreader = self._bytes_left(), self._request.unreader
        # What came together with the head of the request.
        held = len(unreader.buf.getvalue())
        if left is None or held:
            data = self._read(min(len(buffer), held if left is not None else _READ_BYTES))
            buffer[: len(data)] = data
            return len(data)
        size = min(len(buffer), left)
        count: int = unreader.sock.recv_into(buffer, size) if size else 0
        if count == 0 and size:
            raise NoMoreData
        self._reader.length -= count
        return count

    def _bytes_left(self) -> int | None:
        """None for a body in chunks."""
        left: int | None = getattr(self._reader, "length", None)
        return left


class StrictBody(Body):  # type: ignore[misc]  # gunicorn has no types
    """The body of a request, as the application gets it."""

    def readinto(self, buffer: memoryview) -> int:
        """As RawIOBase does. Raises UnreadableBody."""
        if self.buf.tell():
            data: bytes = self.read(len(buffer))
            buffer[: len(data)] = data
            return len(data)
        try:
            count: int = self.reader.readinto(buffer)
        except Exception:
            self.failed = True
            raise
        return count


def read_strictly(request: Any) -> None:
    """Let gunicorn read the body of this request (a `gunicorn.http.message.Request`) so."""
    request.body = StrictBody(StrictReader(request))
