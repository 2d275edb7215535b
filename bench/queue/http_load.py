"""A closed loop of HTTP clients in one thread, to take as little CPU time as possible from what is measured."""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from infra.local.ports import LOOPBACK

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Load:
    """Answers within the time (or the first one, if that took longer), and the latency of each. Seconds."""

    answered: int
    seconds: float
    latencies: list[float]

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


@dataclass
class _Client:
    connection: socket.socket
    request: bytes
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)

    def send(self) -> None:
        self.received.clear()
        self.sent_at = time.perf_counter()
        # Small, and nothing else is in flight on this connection: the kernel accepts it whole.
        self.connection.sendall(self.request)


def build_request(path: str, body: bytes, *, api_key: str) -> bytes:
    """A POST of JSON, as bytes."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nAuthorization: Bearer {api_key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


def build_get(path: str, *, api_key: str, **headers: str) -> bytes:
    """A GET, as bytes."""
    further = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nAuthorization: Bearer {api_key}\r\n{further}\r\n"
    return head.encode("ascii")


def run_load(port: int, requests: Sequence[bytes], *, seconds: float, expected: int = 202) -> Load:
    """Run a client for each request, which sends it again and again for these seconds and at least until one answer came.
    Raises RuntimeError for a status that is not the expected one, or if no answer comes.
    """
    clients = [_Client(socket.create_connection((LOOPBACK, port)), request) for request in requests]
    latencies: list[float] = []
    lasted = seconds
    with selectors.DefaultSelector() as selector:
        begin = time.perf_counter()
        for client in clients:
            client.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            selector.register(client.connection, selectors.EVENT_READ, client)
            client.send()
        in_flight = len(clients)
        while in_flight:
            events = selector.select(_PATIENCE_SECONDS)
            if not events:
                raise RuntimeError("no answer came")
            for key, _ in events:
                client = key.data
                if not _receive(client, expected):
                    continue
                now = time.perf_counter()
                is_over = now - begin > seconds
                # A first answer counts however late it comes; the load then lasted until that moment.
                if not is_over or not latencies:
                    latencies.append(now - client.sent_at)
                    lasted = max(seconds, now - begin)
                if is_over:
                    in_flight -= 1
                else:
                    client.send()
    for client in clients:
        client.connection.close()
    return Load(answered=len(latencies), seconds=lasted, latencies=latencies)


def _receive(client: _Client, expected: int) -> bool:
    """Receive what has arrived, and return whether the answer is complete."""
    chunk = client.connection.recv(65_536)
    if not chunk:
        raise RuntimeError(f"the connection was closed after {bytes(client.received)!r}")
    client.received += chunk
    return is_whole(bytes(client.received), expected)


def is_whole(received: bytes, expected: int) -> bool:
    """Whether these bytes are a complete answer. Raises RuntimeError if it is not the expected one."""
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        return False
    length = _LENGTH.search(head)
    status = int(head.split(b" ", 2)[1])
    if status == expected == HTTPStatus.NOT_MODIFIED:
        return True
    if status != expected or length is None:
        raise RuntimeError(f"not the answer that was expected: {received[:500]!r}")
    return len(body) >= int(length[1])
