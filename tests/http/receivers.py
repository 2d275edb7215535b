"""Receivers of webhooks at several addresses of loopback, all on one port, and a resolver that names them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest

from infra.local.ports import Ports
from tests.faults.receivers import accepting

#: What a receiver does with each of its connections.
Serve = Callable[[socket.socket], None]


class Receivers:
    """Receivers under one name and port. A fixture closes them."""

    NAME = "receiver.test"

    def __init__(self, closing: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
        ports = Ports()
        self.port = ports.reserve()
        self._closing = closing
        closing.callback(ports.release)
        self._resolve: Callable[..., list[tuple[Any, ...]]] = socket.getaddrinfo
        self._addresses: list[str] = []
        #: How often the name was looked up.
        self.look_ups = 0
        # The resolver alone is not ours to run here.
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def name_leads_to(self, *addresses: str) -> str:
        """Let the name have these addresses, in this order; its URL."""
        self._addresses = list(addresses)
        return f"http://{self.NAME}:{self.port}/hook"

    def serve(self, address: str, serve: Serve) -> None:
        """A receiver there."""
        self._closing.enter_context(_serving(address, self.port, serve))

    def black_hole(self, address: str) -> None:
        """An address that drops what comes: its server never accepts, and its queue is full."""
        server = self._closing.enter_context(_listening(address, self.port, backlog=0))
        for _ in range(3):
            waiting = self._closing.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(server.getsockname())

    def _look_up(self, host: str, port: int, *arguments: Any, **options: Any) -> list[tuple[Any, ...]]:
        if host.removesuffix(".") != self.NAME:
            return self._resolve(host, port, *arguments, **options)
        self.look_ups += 1
        if not self._addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in self._addresses
        ]


def _listening(address: str, port: int, *, backlog: int = 16) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, backlog=backlog)


@contextmanager
def _serving(address: str, port: int, serve: Serve) -> Iterator[None]:
    with _listening(address, port) as server, accepting(server, serve):
        yield
