"""Connections that clients and proxies keep open between their requests."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.http.served import ServedApi, serving

GET = b"GET /livez HTTP/1.1\r\nHost: api.example\r\n\r\n"

#: As many as several proxies keep, and far more than there are threads.
IDLE = 400

#: Threads of the API in which they are tried.
THREADS = 4


@pytest.fixture(scope="module")
def small_api(api_key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApi]:
    """An API of a few threads."""
    with serving(api_key, tmp_path_factory.mktemp("small"), API_THREADS=str(THREADS)) as api:
        yield api


def ask(connection: socket.socket) -> int:
    """Send a request on the connection, and read its answer to the end; the status."""
    connection.sendall(GET)
    received = b""
    while not received.endswith(b"ok\n"):
        data = connection.recv(65_536)
        if not data:
            raise ConnectionResetError("the API closed the connection")
        received += data
    return int(received.split()[1])


@pytest.mark.slow
def test_an_idle_connection_is_kept_for_longer_than_proxies_keep_theirs(api: ServedApi) -> None:
    """F56: after the pauses of a quiet service, on each of many connections, the next request has its answer."""
    with ExitStack() as closing:
        connections = [closing.enter_context(api.connect()) for _ in range(50)]
        for _ in range(2):
            assert {ask(connection) for connection in connections} == {200}
            time.sleep(8)
        assert {ask(connection) for connection in connections} == {200}


@pytest.mark.slow
def test_a_connection_is_closed_when_its_time_is_over(api_key: str, tmp_path: Path) -> None:
    """The setting is what an operator says, and a client hears of the end before it sends again."""
    with serving(api_key, tmp_path, API_KEEPALIVE_SECONDS="1") as api, api.connect() as connection:
        assert ask(connection) == 200
        connection.settimeout(10)

        assert connection.recv(1) == b""


def test_idle_connections_take_no_threads(small_api: ServedApi) -> None:
    """F56: with hundreds of them open, new clients are answered, and so is each of the idle ones when it speaks again."""
    with ExitStack() as closing:
        idle = [closing.enter_context(small_api.connect()) for _ in range(IDLE)]
        assert {ask(connection) for connection in idle} == {200}
        for _ in range(20):
            with small_api.connect() as newcomer:
                assert ask(newcomer) == 200
        assert {ask(connection) for connection in reversed(idle)} == {200}


def test_connections_that_never_speak_take_no_threads(small_api: ServedApi) -> None:
    """F56: balancers and browsers open connections ahead; those that follow do not wait for them."""
    with ExitStack() as closing:
        silent = [closing.enter_context(small_api.connect()) for _ in range(THREADS * 10)]
        with small_api.connect() as newcomer:
            # gunicorn's own threads would wait 5 s for each: 50 s.
            assert ask(newcomer) == 200
        assert {ask(connection) for connection in silent} == {200}


@pytest.mark.slow
def test_few_file_descriptors_are_no_reason_to_die(api_key: str, tmp_path: Path) -> None:
    """Where the system permits fewer files than the API would have connections, it keeps fewer, and new ones are served."""
    with serving(api_key, tmp_path, open_files=400) as api, ExitStack() as closing:
        for _ in range(500):
            closing.enter_context(api.connect())
        with api.connect() as connection:
            assert ask(connection) == 200

        log = api.log.read_text()
        assert log.count("Booting worker") == 1
        assert api.errors(since=0) == []


@pytest.mark.slow
def test_a_stop_does_not_wait_for_silent_connections(api_key: str, tmp_path: Path) -> None:
    """They are closed like idle ones, long before the patience for requests is over."""
    with serving(api_key, tmp_path, GUNICORN_CMD_ARGS="--graceful-timeout 100") as api, ExitStack() as closing:
        silent = closing.enter_context(api.connect())
        used = closing.enter_context(api.connect())
        assert ask(used) == 200
        api.part.ask_to_stop()
        for connection in (silent, used):
            connection.settimeout(50)
            assert connection.recv(1) == b""
        api.part.wait_until_stopped(50)
        assert api.part.returncode == 0
