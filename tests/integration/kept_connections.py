"""The part of the server's worker that keeps connections, for the API in this process: calls wait as long as a test likes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.live.asked import LIVE, RESUMED, Resumed, WaitAsked, find_asked


@dataclass(frozen=True)
class Connections:
    """It keeps every connection, or none."""

    is_free: bool = True

    def has_slot(self, kind: type, account_id: UUID) -> bool:  # noqa: ARG002
        """Whether another one can be kept."""
        return self.is_free

    def notice_gone(self, account_id: UUID) -> None:
        """Nobody goes away."""


def post_and_wait(client: FlaskClient, path: str, **call: Any) -> WaitAsked:
    """Send a call that waits, and return what it waits for."""
    client.post(path, **call, environ_overrides={LIVE: Connections()})
    asked = find_asked(request.environ)
    assert isinstance(asked, WaitAsked)
    return asked


def answer_waited(client: FlaskClient, path: str, asked: WaitAsked, **call: Any) -> TestResponse:
    """The answer to the call when its wait is over, however its job stands."""
    resumed = Resumed(asked, position=None, waited_seconds=0.0)
    return client.post(path, **call, environ_overrides={LIVE: Connections(), RESUMED: resumed})
