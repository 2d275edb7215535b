"""A TCP proxy on loopback with the faults of networks, which can be switched while connections are open."""

from __future__ import annotations

import enum
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Self

LOOPBACK = "127.0.0.1"

_CHUNK = 65_536

#: With this, closing a socket sends RST and not FIN.
_NO_LINGER = struct.pack("ii", 1, 0)


class Flow(enum.Enum):
    """What happens to the bytes of every connection, old and new."""

    #: They arrive.
    PASS = enum.auto()
    #: They wait, and arrive when it passes again: a partition that heals.
    HOLD = enum.auto()
    #: They vanish, and a connection that has met this stays dead when it passes again: half-open.
    BLACK_HOLE = enum.auto()
    #: Connections are reset.
    RESET = enum.auto()
    #: Connections are closed in good order.
    CLOSE = enum.auto()


class Cut:
    """Once, on the connection that has sent `after`: cut it at the next bytes that hold `at`.

    `is_delivered`: whether those bytes still arrive (the answer to them does not in any case).
    """

    def __init__(self, *, after: bytes, at: bytes, is_delivered: bool) -> None:
        self.after = after
        self.at = at
        self.is_delivered = is_delivered
        self.is_done = threading.Event()


class Proxy:
    """Listens on a port of its own and connects each caller with the target."""

    def __init__(self, target_port: int) -> None:
        self._target = (LOOPBACK, target_port)
        self._listener = socket.create_server((LOOPBACK, 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        #: Seconds that every chunk takes longer.
        self.latency = 0.0
        #: What a chunk to the target becomes on its way.
        self.rewrite: Callable[[bytes], bytes] | None = None
        #: What every new caller is told instead of being connected.
        self.answer: bytes | None = None
        self.cut: Cut | None = None
        self._flow = Flow.PASS
        self._changed = threading.Condition()
        self._connections: set[_Connection] = set()
        self._is_closed = False
        self._thread = threading.Thread(target=self._accept, name="proxy", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lead_to(self, port: int) -> None:
        """New connections go to another server, as after a failover behind one address. Old ones stay where they are."""
        self._target = (LOOPBACK, port)

    @property
    def flow(self) -> Flow:
        """What happens to the bytes now."""
        return self._flow

    @flow.setter
    def flow(self, flow: Flow) -> None:
        with self._changed:
            self._flow = flow
            connections = [*self._connections]
            if flow is Flow.BLACK_HOLE:
                for connection in connections:
                    connection.is_dead = True
            self._changed.notify_all()
        if flow in {Flow.RESET, Flow.CLOSE}:
            for connection in connections:
                connection.end(with_reset=flow is Flow.RESET)

    @contextmanager
    def doing(self, flow: Flow) -> Iterator[None]:
        """The flow for as long as the block lasts; then it passes again."""
        self.flow = flow
        try:
            yield
        finally:
            self.flow = Flow.PASS

    @contextmanager
    def answering(self, answer: bytes) -> Iterator[None]:
        """Answer every new caller with these bytes, and cut the open connections; nothing reaches the target."""
        self.answer = answer
        self.flow = Flow.RESET
        self.flow = Flow.PASS
        try:
            yield
        finally:
            self.answer = None

    def close(self) -> None:
        """End every connection and listen no more."""
        self._is_closed = True
        # A thread in accept() is woken by this, and not by close() alone.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        self.flow = Flow.PASS
        with self._changed:
            connections = [*self._connections]
        for connection in connections:
            connection.end(with_reset=True)
            connection.join()

    def wait_while_held(self) -> None:
        """Return when the bytes may go on."""
        with self._changed:
            self._changed.wait_for(lambda: self._flow is not Flow.HOLD)

    def forget(self, connection: _Connection) -> None:
        """The connection is over."""
        with self._changed:
            self._connections.discard(connection)

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            self._take(caller)

    def _take(self, caller: socket.socket) -> None:
        connection = _Connection(self, caller)
        with self._changed:
            flow = self._flow
            connection.is_dead = flow is Flow.BLACK_HOLE
            self._connections.add(connection)
        if flow in {Flow.RESET, Flow.CLOSE}:
            connection.end(with_reset=flow is Flow.RESET)
            self.forget(connection)
        else:
            connection.start(self._target, self.answer)


class _Connection:
    """A caller, the target, and a thread for each direction."""

    def __init__(self, proxy: Proxy, caller: socket.socket) -> None:
        self._proxy = proxy
        self._caller = caller
        self._target: socket.socket | None = None
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._open_directions = 2
        self._sent = b""
        self._is_over = False
        self.is_dead = False

    def start(self, target: tuple[str, int], answer: bytes | None) -> None:
        self._spawn(self._answer if answer is not None else self._connect, answer if answer is not None else target)

    def end(self, *, with_reset: bool) -> None:
        """Close both sides. Safe to call twice, and while the threads are at work."""
        with self._lock:
            self._is_over = True
            for side in (self._caller, self._target):
                if side is None:
                    continue
                with suppress(OSError):
                    if with_reset:
                        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                        # The descriptor itself has to go, while a thread may still wait in recv() on it.
                        side.shutdown(socket.SHUT_RD)
                    else:
                        side.shutdown(socket.SHUT_RDWR)
                side.close()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(timeout=5)

    def _spawn(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name="proxy-link", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _answer(self, answer: bytes) -> None:
        with suppress(OSError):
            heard = b""
            while b"\r\n\r\n" not in heard and (chunk := self._caller.recv(_CHUNK)):
                heard += chunk
            self._caller.sendall(answer)
            self._caller.shutdown(socket.SHUT_WR)
            # Closing with bytes unread would reset the connection, answer and all.
            self._caller.settimeout(2)
            while self._caller.recv(_CHUNK):
                continue
        self._finish()

    def _connect(self, target: tuple[str, int]) -> None:
        self._proxy.wait_while_held()
        if not self.is_dead:
            try:
                server = socket.create_connection(target, timeout=5)
            except OSError:
                self.end(with_reset=True)
                self._proxy.forget(self)
                return
            server.settimeout(None)
            with self._lock:
                self._target = server
            self._spawn(self._pump, server, self._caller, False)
        self._pump(self._caller, self._target, True)

    def _pump(self, source: socket.socket, sink: socket.socket | None, is_to_target: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(_CHUNK):
                self._proxy.wait_while_held()
                if self.is_dead or sink is None:
                    continue
                if self._proxy.latency:
                    threading.Event().wait(self._proxy.latency)
                if is_to_target and not self._send_on(chunk, sink):
                    break
                if not is_to_target:
                    sink.sendall(chunk)
            # Where the end is a reset, the other side is not to be told a polite one first.
            if sink is not None and not self.is_dead and not self._is_over:
                sink.shutdown(socket.SHUT_WR)
        with self._lock:
            self._open_directions -= 1
            is_over = self._open_directions == 0 or sink is None
        if is_over:
            self._finish()

    def _send_on(self, chunk: bytes, sink: socket.socket) -> bool:
        """Whether the connection goes on."""
        cut = self._proxy.cut
        if cut is not None and not cut.is_done.is_set():
            is_in_range = cut.after in self._sent
            self._sent += chunk
            if is_in_range and cut.at in chunk:
                cut.is_done.set()
                # Nothing comes back any more, whatever the target answers.
                self.is_dead = True
                if cut.is_delivered:
                    sink.sendall(chunk)
                    # Bytes that wait in a socket are lost with a reset: the target is to read these first.
                    threading.Event().wait(0.2)
                self.end(with_reset=True)
                return False
        sink.sendall(self._proxy.rewrite(chunk) if self._proxy.rewrite else chunk)
        return True

    def _finish(self) -> None:
        self.end(with_reset=False)
        self._proxy.forget(self)
