"""A hub for tests: the few addresses of the real one that fetching asks, serving repositories out of memory."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

_INFO = re.compile(r"/api/models/(?P<name>[^/]+/[^/]+)/revision/(?P<revision>[^/]+)")
_TREE = re.compile(r"/api/models/(?P<name>[^/]+/[^/]+)/tree/(?P<revision>[^/]+)")
_FILE = re.compile(r"/(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")


@dataclass
class Repository:
    """One repository: its files by path, and the names of its one commit."""

    files: dict[str, bytes]
    commit: str = "1234567890abcdef1234567890abcdef12345678"
    #: Files that are sent otherwise than they are listed.
    tampered: dict[str, bytes] = field(default_factory=dict)
    is_gated: bool = False


@dataclass
class Hub:
    """What is served, and what was asked."""

    repositories: dict[str, Repository]
    address: str = ""
    #: Path and first byte of every file that was asked for.
    asked: list[tuple[str, int]] = field(default_factory=list)
    #: Answers for files end after this many bytes, for this many more times.
    cut_after_bytes: int = 0
    cuts_left: int = 0


@contextmanager
def serve_hub(repositories: dict[str, Repository], *, host: str = "127.0.0.1") -> Iterator[Hub]:
    """A hub on a free port of this machine, at an address of it."""
    hub = Hub(repositories)

    class Handler(_Handler):
        served = hub

    server = ThreadingHTTPServer((host, 0), Handler)
    hub.address = f"http://{host}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    served: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        for pattern, answer in ((_INFO, self._answer_info), (_TREE, self._answer_tree), (_FILE, self._answer_file)):
            if match := pattern.fullmatch(path):
                repository = self.served.repositories.get(match["name"])
                if repository is None:
                    self._refuse(HTTPStatus.NOT_FOUND, "RepoNotFound")
                elif repository.is_gated:
                    self._refuse(HTTPStatus.FORBIDDEN, "GatedRepo")
                elif match["revision"] not in {"main", "v1", repository.commit}:
                    self._refuse(HTTPStatus.NOT_FOUND, "RevisionNotFound")
                else:
                    answer(repository, match)
                return
        self._refuse(HTTPStatus.NOT_FOUND, "EntryNotFound")

    def log_message(self, *_arguments: Any) -> None:
        """Nothing: failing tests report for themselves."""

    def _answer_info(self, repository: Repository, match: re.Match[str]) -> None:
        siblings = [{"rfilename": path} for path in repository.files]
        self._send_json({"id": match["name"], "sha": repository.commit, "siblings": siblings})

    def _answer_tree(self, repository: Repository, _match: re.Match[str]) -> None:
        entries: list[dict[str, Any]] = [{"type": "directory", "path": "unet", "oid": "0" * 40, "size": 0}]
        for path, content in repository.files.items():
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            entry: dict[str, Any] = {"type": "file", "path": path, "oid": blob, "size": len(content)}
            if path.endswith(".safetensors"):
                entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
            entries.append(entry)
        self._send_json(entries)

    def _answer_file(self, repository: Repository, match: re.Match[str]) -> None:
        content = {**repository.files, **repository.tampered}.get(match["path"])
        if content is None:
            self._refuse(HTTPStatus.NOT_FOUND, "EntryNotFound")
            return
        start = int(re.sub(r"\D", "", self.headers.get("Range", "0")) or 0)
        self.served.asked.append((match["path"], start))
        self.send_response(HTTPStatus.PARTIAL_CONTENT if start else HTTPStatus.OK)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        if self.served.cuts_left and len(body) > self.served.cut_after_bytes:
            self.served.cuts_left -= 1
            body = body[: self.served.cut_after_bytes]
            self.close_connection = True
        self.wfile.write(body)

    def _send_json(self, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: HTTPStatus, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()
