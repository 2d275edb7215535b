"""Connections that end: each stays open until the client has read the last answer, even if it still sends.

If a connection with unread bytes is closed, TCP resets it, and the client may lose the answer (RFC 9112, section 9.6). One
thread reads what still comes on all of them and throws it away, so that neither the thread of a request nor the one that accepts
connections waits for a client. It also holds answers that are to come late.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

#: So many connections linger at a time, and so many answers are held: if there are more, the eldest goes.
_MOST = 256

#: Seconds that an answer is held.
_HOLD_SECONDS = 1.0

#: Bytes that are read of one connection: twice the longest body that the API takes.
_MOST_BYTES = 64 * 1024 * 1024

#: Seconds without a byte, and altogether, after which a connection is closed.
_SILENCE_SECONDS = 5.0
_MOST_SECONDS = 60.0

#: Bytes of one read.
_READ_BYTES = 256 * 1024

#: Seconds between two rounds of reads, so that a read finds much: after each one the thread competes for the interpreter.
_ROUND_SECONDS = 0.01

#: Seconds between two looks at the answers that are held.
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class _Held:
    """An answer that is sent at a later time, in seconds of the monotonic clock."""

    connection: socket.socket
    answer: bytes
    due: float


@dataclass
class _Lingering:
    """One connection, what it may still send, in bytes, and until when, in seconds of the monotonic clock."""

    connection: socket.socket
    ends: float
    last_byte: float
    bytes_left: int = _MOST_BYTES

    def is_over(self, now: float) -> bool:
        return self.bytes_left <= 0 or now >= min(self.ends, self.last_byte + _SILENCE_SECONDS)


class LingeringConnections:
    """The connections of one process that end, and the thread that looks after them."""

    def __init__(self) -> None:
        self._arrived: SimpleQueue[socket.socket | _Held] = SimpleQueue()
        self._held: deque[_Held] = deque()
        self._lingering: dict[int, _Lingering] = {}
        self._buffer = bytearray(_READ_BYTES)
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        threading.Thread(target=self._run, name="lingering-connections", daemon=True).start()

    def close(self, connection: socket.socket) -> None:
        """Take over a connection whose last answer is sent. Returns at once."""
        connection.setblocking(False)
        if _shut(connection):
            self._take(connection)

    def answer_late(self, connection: socket.socket, answer: bytes) -> None:
        """Take over a connection whose last answer, of a few KB, is held for a while. Returns at once."""
        connection.setblocking(False)
        self._take(_Held(connection, answer, time.monotonic() + _HOLD_SECONDS))

    def wait(self, seconds: float) -> None:
        """Wait until none is left, but not longer than this."""
        until = time.monotonic() + seconds
        while (self._held or self._lingering or not self._arrived.empty()) and time.monotonic() < until:
            time.sleep(_ROUND_SECONDS)

    def _take(self, ending: socket.socket | _Held) -> None:
        self._arrived.put(ending)
        with suppress(BlockingIOError):
            os.write(self._wake_writer, b"\0")

    def _run(self) -> None:
        while True:
            readable = self._selector.select(_LOOK_SECONDS if self._held else 1.0 if self._lingering else None)
            now = time.monotonic()
            for key, _events in readable:
                if key.fd == self._wake_reader:
                    self._admit(now)
                elif key.fd in self._lingering:
                    self._discard(self._lingering[key.fd], now)
            while self._held and (self._held[0].due <= now or len(self._held) > _MOST):
                self._answer(self._held.popleft(), now)
            eldest = list(self._lingering.values())[:-_MOST]
            for each in [*eldest, *(each for each in self._lingering.values() if each.is_over(now))]:
                self._end(each)
            time.sleep(_ROUND_SECONDS)

    def _admit(self, now: float) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake_reader, _READ_BYTES)
        with suppress(Empty):
            while True:
                ending = self._arrived.get_nowait()
                if isinstance(ending, _Held):
                    self._held.append(ending)
                else:
                    self._linger(ending, now)

    def _answer(self, held: _Held, now: float) -> None:
        # Nothing else has been sent on the connection since its last request: the few KB fit into the system's buffer.
        with suppress(OSError):
            held.connection.send(held.answer)
        if _shut(held.connection):
            self._linger(held.connection, now)

    def _linger(self, connection: socket.socket, now: float) -> None:
        self._lingering[connection.fileno()] = _Lingering(connection, ends=now + _MOST_SECONDS, last_byte=now)
        self._selector.register(connection, selectors.EVENT_READ)

    def _discard(self, lingering: _Lingering, now: float) -> None:
        try:
            # Linux copies none of the bytes then (tcp(7)).
            length = lingering.connection.recv_into(self._buffer, 0, socket.MSG_TRUNC)
        except BlockingIOError:
            return
        except OSError:
            length = 0
        # Without a byte the client has closed its side, or is gone.
        lingering.bytes_left -= length or lingering.bytes_left
        lingering.last_byte = now

    def _end(self, lingering: _Lingering) -> None:
        if self._lingering.pop(lingering.connection.fileno(), None):
            self._selector.unregister(lingering.connection)
            lingering.connection.close()


def _shut(connection: socket.socket) -> bool:
    """Send no more. Returns False, with the connection closed, if the client is gone."""
    try:
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        connection.close()
        return False
    return True
