"""A small HTTP server on loopback that keeps the webhooks it receives, as a customer's own server would."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread

from infra.local.ports import LOOPBACK

_MAX_BODY_BYTES = 1024 * 1024


@dataclass(frozen=True)
class ReceivedCall:
    """One POST, not verified, with its header names in lower case and the moment of its arrival (`time.monotonic`)."""

    headers: dict[str, str]
    body: bytes
    received_at: float


class WebhookListener(ThreadingHTTPServer):
    """Answers every POST with 204 and puts it into `calls`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.calls: SimpleQueue[ReceivedCall] = SimpleQueue()

    @property
    def url(self) -> str:
        """The address for a webhook endpoint."""
        return f"http://{LOOPBACK}:{self.server_port}/webhooks"


class _Handler(BaseHTTPRequestHandler):
    server: WebhookListener

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        if length > _MAX_BODY_BYTES:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        body = self.rfile.read(length)
        if len(body) < length:
            # The sender has closed the connection, and will send it again.
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.calls.put(ReceivedCall(headers, body, time.monotonic()))
        self.send_response(HTTPStatus.NO_CONTENT)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 (its parent's name)
        """Nothing: the terminal is for the demo."""


@contextmanager
def listening() -> Iterator[WebhookListener]:
    """A listener that serves until the block ends."""
    with WebhookListener() as listener:
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            listener.shutdown()
            thread.join()
