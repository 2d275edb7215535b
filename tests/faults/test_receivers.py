"""F35: whatever a receiver does is one failed try, bounded in time and memory, and never an error of ours."""

from __future__ import annotations

import gzip
import socket
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from core.webhooks.addresses import parse_networks
from core.webhooks.record_attempt import AttemptOutcome
from tests.faults.receivers import hang_up, receiving, refuse_to_shake_hands, say, say_for_ever, stay_mute
from worker.webhooks.post import post

LOOPBACK = parse_networks("127.0.0.0/8,::1/128")

OK = b"HTTP/1.1 200 OK\r\n"


def send(url: str, *, seconds: float = 5) -> AttemptOutcome:
    return post(url, b"{}", {"webhook-id": "evt_1"}, timeout_seconds=seconds, allowed_networks=LOOPBACK)


@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(hang_up, id="resets in the middle of a header"),
        pytest.param(say(b""), id="hangs up without a word"),
        pytest.param(say(b"SSH-2.0-OpenSSH_9.6\r\n"), id="speaks another protocol"),
        pytest.param(say(b"HTTP/1.1 two hundred OK\r\n\r\n"), id="has a status that is no number"),
        pytest.param(say(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"), id="has two lengths"),
        pytest.param(say(OK + b"X: " + b"x" * 2_000_000 + b"\r\n\r\n"), id="has a header of 2 MB"),
    ],
)
def test_broken_http_is_a_failure_with_a_reason(serve: Callable[[socket.socket], None]) -> None:
    """F35: no answer that can be read is no success, at once, and the log of the delivery says why."""
    with receiving(serve) as port:
        started = time.monotonic()
        outcome = send(f"http://127.0.0.1:{port}/")

    assert (outcome.status_code, outcome.is_success) == (None, False)
    assert outcome.error
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("serve", [refuse_to_shake_hands, say(b"HTTP/1.1 200 OK\r\n\r\n")])
def test_broken_tls_is_a_failure_with_a_reason(serve: Callable[[socket.socket], None]) -> None:
    """F35: nothing is sent where the handshake fails, also not in the clear."""
    with receiving(serve) as port:
        outcome = send(f"https://localhost:{port}/")

    assert outcome.status_code is None
    assert outcome.error
    assert "SSL" in outcome.error


@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(stay_mute, id="never answers"),
        pytest.param(say_for_ever(OK, b"X-More: y\r\n" * 1000), id="sends headers without end"),
        pytest.param(say_for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), id="says 100 Continue without end"),
    ],
)
def test_a_receiver_without_end_is_left_at_the_deadline(serve: Callable[[socket.socket], None]) -> None:
    """F35: the deadline holds for the whole of it, and little memory is taken meanwhile."""
    with receiving(serve) as port:
        started = time.monotonic()
        tracemalloc.start()
        outcome = send(f"http://127.0.0.1:{port}/", seconds=0.5)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert not outcome.is_success
    assert outcome.error
    assert time.monotonic() - started < 3
    assert peak_bytes < 20_000_000


def test_a_compressed_bomb_is_not_unpacked() -> None:
    """F35: 100 MB of zeros in 100 kB: an answer that nobody asked to be compressed stays what it is."""
    bomb = gzip.compress(bytes(100_000_000), compresslevel=9)
    head = b"HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with receiving(say(head + bomb)) as port:
        tracemalloc.start()
        outcome = send(f"http://127.0.0.1:{port}/")
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert (outcome.status_code, outcome.is_success) == (500, False)
    assert outcome.error is not None
    assert len(outcome.error) <= 1_000
    assert peak_bytes < 20_000_000


def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """F35: DNS rebinding: a name is looked up once, and the address that was checked is the one that is called; a name
    with one forbidden address among its addresses is refused whole.
    """
    look_ups: list[str] = []
    resolve: Callable[..., list[tuple[Any, ...]]] = socket.getaddrinfo
    answers = [["192.0.2.1"], ["127.0.0.1"], ["192.0.2.1", "127.0.0.1"]]

    # Only the resolver is not ours to run here.
    def rebind(host: str, port: int, *arguments: Any, **options: Any) -> list[tuple[Any, ...]]:
        if host != "rebind.test":
            return resolve(host, port, *arguments, **options)
        addresses = answers[len(look_ups)]
        look_ups.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    networks = parse_networks("192.0.2.0/24")
    with receiving(stay_mute) as port:
        first, second, third = (
            post(f"http://rebind.test:{port}/", b"{}", {}, timeout_seconds=0.3, allowed_networks=networks)
            for _ in range(3)
        )

    assert len(look_ups) == 3, "once for each try"
    assert first.error
    assert "may not be sent" not in first.error, "192.0.2.1 was called, where nobody is"
    for refused in (second, third):
        assert refused.error
        assert "may not be sent" in refused.error
