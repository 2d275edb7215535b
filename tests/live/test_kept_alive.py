"""Answers that begin before their jobs have ended, byte by byte. The calls are those of OpenAI's Images API."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from sqlalchemy import select

from core.database import transaction
from core.jobs.outcomes.cancel import cancel_job
from core.jobs.tables import Job
from core.live_events.sender import get_event_sender
from tests.http.served import ServedApi
from tests.live.moves import Moves
from tests.live.readers import wait_for_gauge

WAITS = "darkroom_waits_open"

BODY = json.dumps({"prompt": "a red mug", "response_format": "url"}).encode()


@contextmanager
def calling(api: ServedApi, *headers: str, version: str = "1.1") -> Iterator[socket.socket]:
    """A call of a client that waits 0.6 s for a byte, whose job is submitted."""
    head = [
        f"POST /openai/v1/images/generations HTTP/{version}",
        "Host: api.example",
        f"Authorization: Bearer {api.api_key}",
        "Content-Type: application/json",
        f"Content-Length: {len(BODY)}",
        "X-Stainless-Read-Timeout: 0.6",
        *headers,
    ]
    with api.connect() as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + BODY)
        wait_for_gauge(api, WAITS, 1)
        yield connection


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """What has come when it ends so."""
    received = b""
    while not received.endswith(end):
        data = connection.recv(65_536)
        assert data, received
        received += data
    return received


def read_rest(connection: socket.socket) -> bytes:
    """What comes until the connection is closed. Raises ConnectionResetError if it is cut."""
    received = b""
    while data := connection.recv(65_536):
        received += data
    return received


def find_job() -> UUID:
    """The one job that there is."""
    with transaction() as session:
        return session.scalars(select(Job.id)).one()


def cancel(account_id: UUID, job_id: UUID) -> None:
    """The job ends."""
    with transaction() as session:
        cancel_job(session, account_id=account_id, job_id=job_id)
    get_event_sender().announce(account_id, job_id)
    assert get_event_sender().flush(2)


def test_blanks_come_before_the_answer(api: ServedApi) -> None:
    """Each as a part of its own, behind a head of 200; the answer is the last part."""
    with calling(api) as connection:
        begun = read_until(connection, b"1\r\n \r\n1\r\n \r\n")
        Moves().succeed()
        rest = read_rest(connection)
    head, _, blanks = begun.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    for header in (
        b"Connection: close",
        b"Content-Type: application/json",
        b"X-Accel-Buffering: no",
        b"X-Request-Id: req_",
    ):
        assert header in head
    assert not blanks.replace(b"1\r\n \r\n", b"")
    while rest.startswith(b"1\r\n \r\n"):
        rest = rest[6:]
    length, _, body = rest.partition(b"\r\n")
    answer = json.loads(body[: int(length, 16)])
    assert answer["data"][0]["url"]
    assert body[int(length, 16) :] == b"\r\n0\r\n\r\n"
    wait_for_gauge(api, WAITS, 0)


def test_an_old_client_reads_to_the_end_of_the_connection(api: ServedApi) -> None:
    """HTTP/1.0 has no parts with lengths: nginx speaks it, if it is not configured otherwise."""
    with calling(api, version="1.0") as connection:
        begun = read_until(connection, b"  ")
        Moves().succeed()
        rest = read_rest(connection)
    head, _, blanks = begun.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    assert json.loads(blanks + rest)["data"][0]["url"]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_late_error_is_cut(api: ServedApi, account_id: UUID, version: str) -> None:
    """For a client that says that it repeats: it must not take what has come for a whole answer. Its repeat has the error."""
    with calling(api, "X-Stainless-Retry-Count: 0", version=version) as connection:
        read_until(connection, b" " if version == "1.0" else b"1\r\n \r\n")
        cancel(account_id, find_job())
        with pytest.raises(ConnectionResetError):
            read_rest(connection)


def test_a_short_wait_has_a_plain_answer(api: ServedApi, account_id: UUID) -> None:
    """An answer that has not begun has its own status, and the connection stays."""
    with calling(api) as connection:
        Moves().succeed()
        received = connection.recv(65_536)
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert b"Content-Length: " in received
    assert b"Connection: keep-alive" in received
