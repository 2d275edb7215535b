"""One connection with server-sent events: written to without waiting, and given up if its reader does not keep up."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from core.metrics import STREAMS_DROPPED

#: Bytes that may wait for a reader, beside what the system keeps for it. A reader that has fallen so far behind connects again and
#: says where it was.
MOST_WAITING_BYTES = 256 * 1024

#: Bytes that the system keeps for a reader; it would take megabytes otherwise.
_SYSTEM_BYTES = 64 * 1024

#: Seconds between two comments that show that the connection is alive (WHATWG, HTML, section 9.2.7, advises 15).
_BEAT_SECONDS = 10.0

#: Milliseconds after which a reader that answers nothing, not even to TCP, is given up.
_UNACKNOWLEDGED_MS = 30_000

_BEAT = b": \n\n"

_log = structlog.get_logger()


class StreamConnection:
    """Lives in the thread of the selector."""

    def __init__(
        self,
        connection: socket.socket,
        selector: selectors.BaseSelector,
        *,
        end: Callable[[socket.socket], None],
        closed: Callable[[StreamConnection], None],
        most_waiting_bytes: int = MOST_WAITING_BYTES,
    ) -> None:
        """`end` takes over the connection when everything is sent; `closed` is called once, however the stream ends."""
        self._connection = connection
        self._selector = selector
        self._end = end
        self._closed = closed
        self._most_waiting_bytes = most_waiting_bytes
        self._waiting = bytearray()
        self._is_finishing = False
        self._is_closed = False
        self._opened_at = time.monotonic()
        self._next_beat = self._opened_at + _BEAT_SECONDS
        connection.setblocking(False)
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SYSTEM_BYTES)
            if connection.family != socket.AF_UNIX:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ, self._on_ready)

    def write(self, data: bytes) -> None:
        """Send it, now or when the reader has taken what was written before. Never waits."""
        if self._is_closed:
            return
        self._next_beat = time.monotonic() + _BEAT_SECONDS
        was_waiting = bool(self._waiting)
        self._waiting += data
        if not was_waiting:
            self._send()
        if len(self._waiting) > self._most_waiting_bytes:
            self._drop("slow")

    def beat(self, now: float) -> None:
        """Show that the connection is alive, if it is time."""
        if now >= self._next_beat:
            self.write(_BEAT)

    def finish(self) -> None:
        """End the connection when everything is sent."""
        self._is_finishing = True
        if not self._waiting and not self._is_closed:
            self._close("finished")
            self._end(self._connection)

    def _on_ready(self, events: int) -> None:
        if events & selectors.EVENT_READ and not self._discard():
            self._drop("gone")
        elif events & selectors.EVENT_WRITE:
            self._send()

    def _discard(self) -> bool:
        """What a client sends after its request means nothing. Returns False if it has ended the connection."""
        try:
            return bool(self._connection.recv(4096))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def _send(self) -> None:
        try:
            sent = self._connection.send(self._waiting)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop("gone")
            return
        del self._waiting[:sent]
        if not self._waiting and self._is_finishing:
            self.finish()
        elif not self._is_closed:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._waiting else 0)
            if self._selector.get_key(self._connection).events != wanted:
                self._selector.modify(self._connection, wanted, self._on_ready)

    def _drop(self, reason: str) -> None:
        if not self._is_closed:
            self._close(reason)
            STREAMS_DROPPED.labels(reason).inc()
            self._connection.close()

    def _close(self, reason: str) -> None:
        self._is_closed = True
        with suppress(KeyError, ValueError):
            self._selector.unregister(self._connection)
        self._waiting.clear()
        _log.info("stream_ended", reason=reason, seconds=round(time.monotonic() - self._opened_at, 1))
        self._closed(self)
