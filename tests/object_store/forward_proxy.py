"""The HTTP side of the strict store: a server on loopback that is a forward proxy too, and the end of TLS for every host."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.object_store.signatures import Request


class Answer(NamedTuple):
    """What a client gets."""

    status: int
    headers: dict[str, str]
    body: bytes


class ForwardProxy(ThreadingHTTPServer):
    """Answers requests for any host, itself and in each tunnel. `tls`: with certificates for those hosts."""

    # So that closing it waits for the threads.
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, respond: Callable[[Request], Answer], *, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.respond = respond
        self.tls = tls
        self.connections: set[socket.socket] = set()

    def hang_up(self) -> None:
        """End what clients keep open."""
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ForwardProxy

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.server.connections.discard(self.connection)
        self.connection.close()

    def do_CONNECT(self) -> None:
        """A tunnel to any host ends here, in TLS."""
        assert self.server.tls is not None, "this store has no certificate"
        self.send_response(200)
        self.end_headers()
        self.server.connections.discard(self.connection)
        try:
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        except ssl.SSLError:  # the client does not know our authority
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.server.connections.add(self.connection)
        self.close_connection = False

    def _serve(self) -> None:
        # A forward proxy gets the whole address.
        target = urlsplit(self.path if self.path.startswith("/") else self.path.partition("://")[2].partition("/")[2])
        path = target.path if target.path.startswith("/") else f"/{target.path}"
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._read_chunks() if "transfer-encoding" in headers else self._read_whole()
        status, answered, content = self.server.respond(Request(self.command, path, target.query, headers, body))
        self.send_response_only(status)
        for name, value in answered.items():
            self.send_header(name, value)
        if status != http.client.NO_CONTENT:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status != http.client.NO_CONTENT:
            self.wfile.write(content)

    def _read_whole(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _read_chunks(self) -> bytes:
        """HTTP's chunks, with S3's own inside them and its trailer."""
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def do_GET(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class' name)
        """Nothing is printed."""
