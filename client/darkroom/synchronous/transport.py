"""Send requests, as often as it takes."""

from __future__ import annotations

import platform
import time
from itertools import count
from typing import Any

import httpx2

from darkroom.answers import Answer, describe_loss, read_json, read_problem, read_view
from darkroom.connection import Connection
from darkroom.errors import ConnectionFailed, Refused
from darkroom.request import Request
from darkroom.retries import BUSY, LOST, TOO_MANY_STREAMS, Retries, is_worth_another_try
from darkroom.version import VERSION

_CONNECT_SECONDS = 10.0
_TRANSFER_SECONDS = 60.0

#: Nothing of the request has left, so it can be sent again, whatever it does.
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout)

_USER_AGENT = f"darkroom/{VERSION} Python/{platform.python_version()}"


class Transport:
    """The connections to one service. Requests are sent again while it is busy or lost, as long as `retries` allow."""

    def __init__(self, connection: Connection, retries: Retries) -> None:
        self.connection = connection
        self.retries = retries
        # Waits and streams hold their connections, so their number has no limit.
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20)
        self.http = httpx2.Client(
            base_url=connection.url,
            headers={"Authorization": f"Bearer {connection.api_key}", "User-Agent": _USER_AGENT},
            limits=limits,
        )
        # Pictures lie at other addresses, which must not get to see the key.
        self.store = httpx2.Client(
            headers={"User-Agent": _USER_AGENT},
            timeout=httpx2.Timeout(_TRANSFER_SECONDS, connect=_CONNECT_SECONDS),
            limits=limits,
            follow_redirects=True,
        )

    def close(self) -> None:
        """Close all connections."""
        self.http.close()
        self.store.close()

    def ask(self, request: Request, view: type[Answer]) -> Answer:
        """The answer to a request. Raises Refused, ConnectionFailed or UnexpectedAnswer."""
        return read_view(view, self.ask_json(request))

    def ask_json(self, request: Request) -> dict[str, Any]:
        """The answer to a request, as JSON. Raises Refused, ConnectionFailed or UnexpectedAnswer."""
        return read_json(self.send(request))

    def send(self, request: Request) -> httpx2.Response:
        """The answer to a request, a success. Raises Refused or ConnectionFailed after the last try."""
        began = time.monotonic()
        for tries in count(1):
            failure: Refused | ConnectionFailed
            retry_after = None
            try:
                response = self.http.send(self.build(request))
            except httpx2.RequestError as error:
                failure = ConnectionFailed(f"{self.connection.url}: {describe_loss(error)}")
                failure.__cause__ = error
                is_worth_it = request.is_repeatable or isinstance(error, _NEVER_SENT)
            else:
                if response.is_success:
                    return response
                failure = Refused.of(read_problem(response))
                retry_after = failure.retry_after
                is_worth_it = is_worth_another_try(response.status_code, is_repeatable=request.is_repeatable)
                if request.wait and failure.code == TOO_MANY_STREAMS:
                    # It is answered at once if it asks for no wait, which its caller decides.
                    raise failure
            pause = self.retries.pause(tries, time.monotonic() - began, retry_after)
            if pause is None or not is_worth_it:
                raise failure
            time.sleep(pause)
        raise AssertionError

    def build(self, request: Request) -> httpx2.Request:
        """The request as it goes out."""
        return self.http.build_request(
            request.method,
            request.path,
            params=dict(request.params),
            json=request.json,
            files=None if request.file is None else {"file": ("picture", request.file)},
            headers=dict(request.headers),
            timeout=httpx2.Timeout(_TRANSFER_SECONDS, connect=_CONNECT_SECONDS, read=request.read_seconds),
        )

    def download(self, url: str) -> httpx2.Response:
        """What lies at an address of the store, whatever its status. Raises ConnectionFailed after the last try."""
        began = time.monotonic()
        for tries in count(1):
            try:
                response = self.store.get(url)
            except httpx2.RequestError as error:
                failure = ConnectionFailed(f"{url.partition('?')[0]}: {describe_loss(error)}")
                failure.__cause__ = error
            else:
                if response.status_code not in BUSY | LOST:
                    return response
                failure = ConnectionFailed(f"{url.partition('?')[0]} was answered with {response.status_code}")
            pause = self.retries.pause(tries, time.monotonic() - began)
            if pause is None:
                raise failure
            time.sleep(pause)
        raise AssertionError
