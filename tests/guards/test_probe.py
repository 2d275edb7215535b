from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from infra.docker.probe import main


class Half(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthy" else 503)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 (its parent's name)
        """Nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a server that is healthy at one path."""
    with HTTPServer(("127.0.0.1", 0), Half) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_only_200_is_healthy(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The health check succeeds on 200 alone, and asks no proxy."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert main(f"http://127.0.0.1:{port}/healthy") == 0
    assert main(f"http://127.0.0.1:{port}/broken") == 1


def test_nobody_listening_is_unhealthy() -> None:
    """A port without a server is unhealthy, and no reason to crash."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert main(f"http://127.0.0.1:{unused.getsockname()[1]}/healthy") == 1


def test_a_link_counts_while_it_is_open() -> None:
    """A connection to the port is found while it is open; a port with a listener is no link."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = f"link:{server.getsockname()[1]}"
        assert main(target) == 1
        with socket.create_connection(server.getsockname()):
            assert main(target) == 0
