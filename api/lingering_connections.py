"""Connections whose last answer is sent while the client may still send: they stay open until it has read the answer.

If a connection with unread bytes is closed, TCP resets it, and the client may lose the answer (RFC 9112, section 9.6). One
thread reads what still comes on all of them and throws it away, so that neither the thread of a request nor the one that accepts
connections waits for a client.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

#: So many linger at a time. If more come, the ones that have lingered longest are closed.
_MOST_CONNECTIONS = 256

#: Bytes that are read of one connection: twice the longest body that the API takes.
_MOST_BYTES = 64 * 1024 * 1024

#: Seconds without a byte, and altogether, after which a connection is closed.
_SILENCE_SECONDS = 5.0
_MOST_SECONDS = 60.0

#: Bytes of one read.
_READ_BYTES = 256 * 1024

#: Seconds between two rounds of reads, so that a read finds much: after each one the thread competes for the interpreter.
_ROUND_SECONDS = 0.01


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
    """The connections of one process that are closed late, and the thread that reads them."""

    def __init__(self) -> None:
        self._arrived: SimpleQueue[socket.socket] = SimpleQueue()
        self._lingering: dict[int, _Lingering] = {}
        self._buffer = bytearray(_READ_BYTES)
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        threading.Thread(target=self._run, name="lingering-connections", daemon=True).start()

    def close_late(self, connection: socket.socket) -> None:
        """Take over a connection whose last answer is sent. Returns at once."""
        try:
            connection.setblocking(False)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            # The client is gone.
            connection.close()
            return
        self._arrived.put(connection)
        with suppress(BlockingIOError):
            os.write(self._wake_writer, b"\0")

    def wait(self, seconds: float) -> None:
        """Wait until none lingers any more, but not longer than this."""
        until = time.monotonic() + seconds
        while (self._lingering or not self._arrived.empty()) and time.monotonic() < until:
            time.sleep(_ROUND_SECONDS)

    def _run(self) -> None:
        while True:
            readable = self._selector.select(timeout=1.0 if self._lingering else None)
            now = time.monotonic()
            for key, _events in readable:
                if key.fd == self._wake_reader:
                    self._admit(now)
                elif key.fd in self._lingering:
                    self._discard(self._lingering[key.fd], now)
            for each in [each for each in self._lingering.values() if each.is_over(now)]:
                self._close(each)
            time.sleep(_ROUND_SECONDS)

    def _admit(self, now: float) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake_reader, _READ_BYTES)
        with suppress(Empty):
            while True:
                connection = self._arrived.get_nowait()
                lingering = _Lingering(connection, ends=now + _MOST_SECONDS, last_byte=now)
                self._lingering[connection.fileno()] = lingering
                self._selector.register(connection, selectors.EVENT_READ)
        for each in list(self._lingering.values())[:-_MOST_CONNECTIONS]:
            self._close(each)

    def _discard(self, lingering: _Lingering, now: float) -> None:
        try:
            length = lingering.connection.recv_into(self._buffer)
        except BlockingIOError:
            return
        except OSError:
            length = 0
        if length == 0:
            self._close(lingering)
            return
        lingering.last_byte = now
        lingering.bytes_left -= length

    def _close(self, lingering: _Lingering) -> None:
        self._selector.unregister(lingering.connection)
        del self._lingering[lingering.connection.fileno()]
        lingering.connection.close()
