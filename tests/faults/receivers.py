"""Receivers of webhooks that misbehave below HTTP, or at its edge."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def receiving(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does `serve` with each connection, one at a time; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server, accepting(server, serve):
        yield server.getsockname()[1]


@contextmanager
def accepting(server: socket.socket, serve: Callable[[socket.socket], None]) -> Iterator[None]:
    """While the block runs, each connection of the server is served, one at a time."""

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection, suppress(OSError, ValueError):
                    connection.settimeout(10)
                    serve(connection)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def say(answer: bytes) -> Callable[[socket.socket], None]:
    """Receive a request, and answer with these bytes."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            continue

    return serve


def say_for_ever(start: bytes, again: bytes) -> Callable[[socket.socket], None]:
    """Receive a request, and send an endless answer."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(start)
        while True:
            connection.sendall(again)

    return serve


def stay_mute(connection: socket.socket) -> None:
    """Take the request, and answer nothing until the caller goes."""
    while connection.recv(65_536):
        continue


def hang_up(connection: socket.socket) -> None:
    """Reset the connection in the middle of an answer."""
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def refuse_to_shake_hands(connection: socket.socket) -> None:
    """TLS as far as the certificate, of which there is none."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).wrap_socket(connection, server_side=True)
