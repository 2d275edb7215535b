"""An https server of pictures, on this machine, and what it answers at which path."""

from __future__ import annotations

import ssl
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import trustme


class Answer(NamedTuple):
    """What is answered to a GET."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = {}
    #: Otherwise the answer ends with the connection.
    says_length: bool = True


class PictureServer:
    """The server's answers by path, how often each path was asked for, and what it trusts."""

    def __init__(self, port: int, trusting: ssl.SSLContext) -> None:
        self.port = port
        #: A client's context that trusts the server.
        self.trusting = trusting
        #: Answers in turn; the last one stays.
        self.answers: dict[str, list[Answer]] = {}
        self.asked: Counter[str] = Counter()

    def serve(self, path: str, *answers: Answer | bytes) -> str:
        """From now on these are the answers there; the address."""
        self.answers[path] = [Answer(answer) if isinstance(answer, bytes) else answer for answer in answers]
        return f"https://127.0.0.1:{self.port}{path}"


@contextmanager
def serving_pictures() -> Iterator[PictureServer]:
    """A server that answers 404 at every path that nobody has given an answer."""
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1", "pictures.example").configure_cert(theirs)
    authority.configure_trust(ours)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked[self.path] += 1
            waiting = served.answers.get(self.path, [Answer(status=404)])
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.says_length:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = theirs.wrap_socket(server.socket, server_side=True)
        # A client that hangs up in the middle is what some tests are about.
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        served = PictureServer(server.server_port, ours)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
