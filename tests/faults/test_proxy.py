"""The proxy does to a link what its name says: otherwise the tests that use it would prove nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.faults.proxy import Cut, Flow, Proxy


class Echo:
    """A server that sends back what it hears, and remembers it."""

    def __init__(self) -> None:
        self.heard = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._thread.join()

    def _serve(self) -> None:
        threads = []
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threads.append(threading.Thread(target=self._echo, args=(connection,)))
                threads[-1].start()
        for thread in threads:
            thread.join()

    def _echo(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while chunk := connection.recv(65_536):
                self.heard += chunk
                connection.sendall(chunk)


@pytest.fixture
def echo() -> Iterator[Echo]:
    """A server behind the proxy."""
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    """A proxy that passes everything."""
    with Proxy(echo.listener.getsockname()[1]) as proxy:
        yield proxy


@pytest.fixture
def caller(proxy: Proxy) -> Iterator[socket.socket]:
    """A connection through the proxy that has been used already."""
    with call(proxy) as caller:
        assert ask(caller, b"hello") == b"hello"
        yield caller


def call(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=2)


def ask(caller: socket.socket, question: bytes, *, seconds: float = 2) -> bytes:
    caller.settimeout(seconds)
    caller.sendall(question)
    return caller.recv(65_536)


def test_held_bytes_arrive_later(proxy: Proxy, caller: socket.socket) -> None:
    """A partition that heals: nothing comes back meanwhile, everything afterwards, on old and new connections."""
    with proxy.doing(Flow.HOLD), call(proxy) as late:
        with pytest.raises(TimeoutError):
            ask(caller, b"one", seconds=0.1)
        with pytest.raises(TimeoutError):
            ask(late, b"two", seconds=0.1)
        proxy.flow = Flow.PASS
        for connection, expected in ((caller, b"one"), (late, b"two")):
            connection.settimeout(2)
            assert connection.recv(100) == expected


def test_a_black_hole_kills_connections_for_good(proxy: Proxy, caller: socket.socket, echo: Echo) -> None:
    """Half-open: connections that met it never answer again, later ones do."""
    with proxy.doing(Flow.BLACK_HOLE), pytest.raises(TimeoutError):
        ask(caller, b"lost", seconds=0.1)

    with pytest.raises(TimeoutError):
        ask(caller, b"lost", seconds=0.1)
    with call(proxy) as later:
        assert ask(later, b"found") == b"found"
    assert echo.heard == b"hellofound"


def test_a_reset_is_an_error_and_a_close_is_an_end(proxy: Proxy, caller: socket.socket) -> None:
    """RST and FIN, to old and new connections."""
    with proxy.doing(Flow.RESET):
        with pytest.raises(ConnectionResetError):
            caller.recv(1)
        with pytest.raises(ConnectionResetError), call(proxy) as later:
            later.recv(1)

    with call(proxy) as other:
        assert ask(other, b"again") == b"again"
        with proxy.doing(Flow.CLOSE):
            assert other.recv(1) == b""


@pytest.mark.parametrize("is_delivered", [True, False])
def test_a_connection_is_cut_at_certain_bytes(proxy: Proxy, echo: Echo, *, is_delivered: bool) -> None:
    """Only the connection that has sent the first bytes, at the second; these arrive or not, the answer never does."""
    proxy.cut = Cut(after=b"insert", at=b"commit", is_delivered=is_delivered)
    with call(proxy) as other, call(proxy) as caller:
        assert ask(other, b"commit;") == b"commit;"
        assert ask(caller, b"insert;") == b"insert;"
        with pytest.raises(ConnectionResetError):
            ask(caller, b"commit!")
        assert ask(other, b"commit;") == b"commit;"

    assert proxy.cut.is_done.is_set()
    assert (b"commit!" in echo.heard) == is_delivered


def test_bytes_are_changed_and_answers_made_up(proxy: Proxy, echo: Echo) -> None:
    """What goes to the target can be rewritten; and a caller can be told something that the target never said."""
    proxy.rewrite = bytes.upper
    with call(proxy) as caller:
        assert ask(caller, b"quiet") == b"QUIET"
    proxy.rewrite = None

    with proxy.answering(b"HTTP/1.1 500 No\r\n\r\n"), call(proxy) as caller:
        assert ask(caller, b"GET / HTTP/1.1\r\n\r\n") == b"HTTP/1.1 500 No\r\n\r\n"
    assert echo.heard == b"QUIET"


def test_latency_is_added(proxy: Proxy, caller: socket.socket) -> None:
    """Every chunk takes longer, and arrives."""
    proxy.latency = 0.1
    with pytest.raises(TimeoutError):
        ask(caller, b"slow", seconds=0.05)
    caller.settimeout(2)
    assert caller.recv(100) == b"slow"
