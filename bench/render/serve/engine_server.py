"""Darkroom's engine behind the smallest HTTP server there is, to show what HTTP costs."""

from __future__ import annotations

import http
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.render.jobs import Job
from bench.render.serve.engine import Engine
from bench.render.serve.setting import read_setting


def main() -> None:
    """Serve on the loopback address until killed: GET is the health check, POST takes a job and answers its PNG."""
    setting = read_setting()
    with Engine(setting) as engine:
        ThreadingHTTPServer(("127.0.0.1", setting.port), build_handler(engine)).serve_forever()


def build_handler(engine: Engine) -> type[BaseHTTPRequestHandler]:
    """The handler that renders with this engine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"ok", "text/plain")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(engine.render(Job(**json.loads(body))), "image/png")

        def log_message(self, *_arguments: object) -> None:
            """Nothing: a log line for each request would be measured, too."""

        def _answer(self, body: bytes, media_type: str) -> None:
            self.send_response(http.HTTPStatus.OK)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


if __name__ == "__main__":
    main()
