"""TLS before the API, as a proxy terminates it: with a certificate of the tests' own authority. Nothing of HTTP is looked at."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import trustme

from infra.local.ports import LOOPBACK

_CHUNK = 65_536

#: With this, closing a socket sends RST and not FIN.
_NO_LINGER = struct.pack("ii", 1, 0)


class TlsProxy:
    """Listens on a port of its own, and connects each caller with the target, once that is known."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        #: What its callers trust.
        self.authority_file = folder / "authority.pem"
        self.authority.cert_pem.write_to_path(self.authority_file)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("localhost", LOOPBACK).configure_cert(self._context)
        self._listener = socket.create_server((LOOPBACK, 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.target_port = 0
        #: Connections that are open, so that a test can cut them.
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, name="tls-proxy", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection that is open."""
        for connection in list(self._open):
            _reset(connection)

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(caller,), name="tls-link", daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError), ExitStack() as opened:
            opened.enter_context(plain)
            plain.settimeout(20)
            caller = opened.enter_context(self._context.wrap_socket(plain, server_side=True))
            caller.settimeout(None)
            target = opened.enter_context(socket.create_connection((LOOPBACK, self.target_port), timeout=5))
            target.settimeout(None)
            self._open |= {caller, target}
            back = threading.Thread(target=self._pump, args=(caller, target), daemon=True)
            back.start()
            self._pump(target, caller)
            back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while chunk := source.recv(_CHUNK):
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_RDWR)
        except OSError:
            _reset(sink)
        finally:
            self._open.discard(source)


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        connection.shutdown(socket.SHUT_RD)
        connection.close()
