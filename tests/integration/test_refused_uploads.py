"""Clients that are refused while they still send get the answer, and keep nobody else waiting."""

from __future__ import annotations

import http.client
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from bench.bodies.served import ServedApi, serving
from bench.queue.bench import wait_until
from infra.local.ports import LOOPBACK

#: Bytes that one client sends whatever it is answered, as http.client and many others do.
_UPLOAD = bytes(20_000_000)

#: Far more than an answer takes, and less than it would take if clients were waited for one after another.
_PATIENCE_SECONDS = 20


@pytest.fixture(scope="module")
def api(request: pytest.FixtureRequest) -> Iterator[ServedApi]:
    """The API as it is deployed."""
    request.getfixturevalue("servers")
    with serving("no-key") as api:
        yield api


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("POST", "/v1/jobs", {}, 401),
        ("POST", "/v1/jobs", {"Authorization": "Bearer wrong"}, 401),
        ("POST", "/v1/nothing", {}, 404),
        ("DELETE", "/livez", {}, 405),
        ("GET", "/livez", {}, 200),
    ],
)
def test_a_client_that_sends_to_the_end_gets_the_answer(
    api: ServedApi, method: str, path: str, headers: dict[str, str], expected: int
) -> None:
    """Twelve at once, each of which sends 20 MB before it reads."""

    def send(number: int) -> int:
        chunks = (_UPLOAD[at : at + 65_536] for at in range(0, len(_UPLOAD), 65_536))
        with closing(http.client.HTTPConnection(LOOPBACK, api.port, timeout=60)) as connection:
            is_chunked = number % 2 == 0
            connection.request(method, path, chunks if is_chunked else _UPLOAD, headers, encode_chunked=is_chunked)
            return connection.getresponse().status

    with ThreadPoolExecutor(12) as clients:
        assert Counter(clients.map(send, range(12))) == {expected: 12}


@pytest.mark.parametrize(("length", "ends"), [(1_000, False), (200_000, True)])
def test_a_refusal_says_whether_its_connection_ends(api: ServedApi, length: int, ends: bool) -> None:
    """The next request on a connection that was kept is answered; after a long body that nobody read the answer says `close`."""
    with closing(http.client.HTTPConnection(LOOPBACK, api.port, timeout=_PATIENCE_SECONDS)) as connection:
        connection.request("POST", "/v1/jobs", bytes(length))
        response = connection.getresponse()
        assert (response.status, response.headers["Connection"]) == (401, "close" if ends else "keep-alive")
        response.read()
        connection.request("GET", "/livez")
        assert connection.getresponse().status == 200


def test_busy_answers_come_late_and_take_no_threads(api: ServedApi, api_key: str) -> None:
    """One account sends more large bodies at once than the API has threads: each answer is held, and others do not wait for it."""
    head = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {api_key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
    )
    with ExitStack() as held:
        clients = [held.enter_context(api.connect(_PATIENCE_SECONDS)) for _ in range(100)]
        begin = time.monotonic()
        for client in clients:
            client.sendall(head.encode())
        assert api.get("/livez") == 200
        # The few whose bodies are waited for get no answer here.
        answers: dict[socket.socket, bytes] = {}
        while len(answers) < 80:
            readable = select.select(set(clients) - answers.keys(), [], [], _PATIENCE_SECONDS)[0]
            assert readable
            assert time.monotonic() - begin >= 1
            answers.update({client: client.recv(4096) for client in readable})
        assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in answers.values())


def test_clients_that_never_close_keep_nobody_waiting(api: ServedApi) -> None:
    """Forty have the last answer of their connections, and neither close them nor send: the next client is answered at once."""
    with ExitStack() as held:
        for _ in range(40):
            silent = held.enter_context(api.connect(_PATIENCE_SECONDS))
            silent.sendall(b"GET /livez HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        assert api.get("/livez") == 200


@pytest.mark.slow
def test_connections_that_linger_are_closed_in_the_end(api: ServedApi) -> None:
    """A client that is silent loses its connection after a while, and one that sends more than any body has, after so much."""
    with api.connect(60) as endless, api.connect(60) as silent:
        silent.sendall(b"GET /livez HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        assert b"".join(iter(lambda: silent.recv(4096), b"")).startswith(b"HTTP/1.1 200")
        endless.sendall(b"POST /v1/jobs HTTP/1.1\r\nHost: here\r\nContent-Length: 1000000000\r\n\r\n")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            endless.sendall(bytes(150_000_000))
        wait_until(lambda: api.count_connections() == 0, seconds=60, what="the end of the silent connection")
