"""A container's credentials endpoint: how ECS, EKS Pod Identity and others hand out the keys of a role, which end."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from tests.object_store.signatures import Key


class RoleKeys(NamedTuple):
    """A set of keys that the role hands out."""

    key_id: str
    key: Key

    @classmethod
    def lasting(cls, seconds: float, *, number: int = 1) -> RoleKeys:
        ends_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
        return cls(f"ASIAROLE{number}", Key(f"secret-{number}", f"token/{number}+=", ends_at))


class Role:
    """Serves the next set of keys to each caller, and the last one again and again; after `fail`, nothing."""

    def __init__(self, *sets: RoleKeys) -> None:
        self._sets = list(sets)
        self.is_failing = False
        self.asked = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _build_handler(self._answer))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="role", daemon=True)

    @property
    def url(self) -> str:
        """For AWS_CONTAINER_CREDENTIALS_FULL_URI."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/keys"

    @property
    def keys(self) -> dict[str, Key]:
        """All that it may hand out, for the store to know."""
        return dict(self._sets)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self) -> tuple[int, dict[str, str]]:
        if self.is_failing:
            return 400, {"code": "AccessDenied", "message": "no such role"}
        key_id, key = self._sets[min(self.asked, len(self._sets) - 1)]
        self.asked += 1
        assert key.ends_at is not None
        return 200, {
            "AccessKeyId": key_id,
            "SecretAccessKey": key.secret,
            "Token": key.token or "",
            "Expiration": key.ends_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


def _build_handler(answer: Callable[[], tuple[int, dict[str, str]]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, document = answer()
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class' name)
            """Nothing is printed."""

    return Handler
