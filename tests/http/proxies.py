"""A reverse proxy as people put it before the API: it has a name of its own, and a prefix that it strips or keeps."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from infra.local.ports import LOOPBACK

PREFIX = "/darkroom"

#: Of one connection or of one message alone.
_NOT_PASSED_ON = {"connection", "transfer-encoding", "date", "server"}


@contextmanager
def proxying(api_port: int, *, strips_prefix: bool) -> Iterator[int]:
    """A proxy before the API; its port. What is not below its prefix is not its business: 403."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            if not (self.path == PREFIX or self.path.startswith(f"{PREFIX}/")):
                self.send_error(403)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {
                **self.headers,
                "Host": "upstream.internal",
                "X-Forwarded-For": "203.0.113.7",
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": self.headers["Host"],
                "X-Forwarded-Prefix": PREFIX,
            }
            path = self.path.removeprefix(PREFIX) or "/" if strips_prefix else self.path
            with closing(http.client.HTTPConnection(LOOPBACK, api_port, timeout=10)) as connection:
                connection.request(self.command, path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _NOT_PASSED_ON:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
