"""The status line of a receiver's answer decides, whatever becomes of its body."""

from __future__ import annotations

import gzip
import socket
import time

import pytest

from core.webhooks.addresses import parse_networks
from core.webhooks.record_attempt import AttemptOutcome
from tests.faults.receivers import receiving, say, say_for_ever
from worker.webhooks.post import post

LOOPBACK = parse_networks("127.0.0.0/8,::1/128")

#: What may follow the status line, and what of the body is read.
BODIES = {
    "cut short": (b"Content-Length: 100\r\n\r\nshort", b"short"),
    "cut off before its first byte": (b"Content-Length: 100\r\n\r\n", b""),
    "a chunk cut short": (b"Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nff\r\nmore", b"shortmore"),
    "no last chunk": (b"Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n", b"short"),
    "chunks that are none": (b"Transfer-Encoding: chunked\r\n\r\nshort", b""),
    "a negative chunk": (b"Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n-5\r\nshort\r\n", b"short"),
    "a broken trailer": (b"Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n0\r\nno colon\r\n\r\n", b"short"),
    "compressed, and cut": (b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\n" + gzip.compress(b"x")[:4], None),
    "not what its encoding says": (b"Content-Encoding: br\r\nContent-Length: 5\r\n\r\nshort", b"short"),
    "without a length, until the end": (b"\r\nshort", b"short"),
    "longer than it says": (b"Content-Length: 5\r\n\r\nshort and more", b"short"),
}


def send(url: str, *, seconds: float = 5) -> AttemptOutcome:
    return post(url, b"{}", {"webhook-id": "evt_1"}, timeout_seconds=seconds, allowed_networks=LOOPBACK)


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize("status", [200, 204, 299, 302, 410, 429, 500])
@pytest.mark.parametrize("body", BODIES)
def test_a_broken_body_does_not_change_the_status(version: bytes, status: int, body: str) -> None:
    """F57: a delivery that was taken is not sent again, and 410 and 429 are heard, however the body breaks."""
    rest, read = BODIES[body]
    head = b"HTTP/%b %d Status\r\nRetry-After: 30\r\n" % (version, status)
    with receiving(say(head + rest)) as port:
        outcome = send(f"http://127.0.0.1:{port}/")

    assert outcome.status_code == status
    assert outcome.is_success == (status < 300)
    assert outcome.failure == (None if status < 300 else f"answered_{status}")
    assert outcome.retry_after_seconds == 30
    # HTTP/1.0 has no chunks, and 204 no body.
    if read is not None and status != 204 and not (version == b"1.0" and b"chunked" in rest):
        assert outcome.response_bytes == len(read)
        assert outcome.error == (None if status < 300 else read.decode())


@pytest.mark.parametrize("status", [200, 410, 429])
@pytest.mark.parametrize("piece", [b"x" * 10_000, b""], ids=["endless", "that never comes"])
def test_a_body_without_end_does_not_change_the_status(status: int, piece: bytes) -> None:
    """F57: as much as is wanted is read, until the deadline at most."""

    def stall(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 %d Status\r\nContent-Length: 10\r\n\r\nbegin" % status)
        while connection.recv(65_536):
            continue

    serve = say_for_ever(b"HTTP/1.1 %d Status\r\n\r\n" % status, piece) if piece else stall
    started = time.monotonic()
    with receiving(serve) as port:
        outcome = send(f"http://127.0.0.1:{port}/", seconds=0.5)

    assert outcome.status_code == status
    assert outcome.is_success == (status == 200)
    assert time.monotonic() - started < 4


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
    ],
)
def test_what_comes_before_the_answer_is_not_the_answer(first: bytes) -> None:
    """1xx, which nobody asked for, is skipped."""
    with receiving(say(first + b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")) as port:
        outcome = send(f"http://127.0.0.1:{port}/")

    assert outcome.status_code == 410
