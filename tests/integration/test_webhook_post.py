"""One POST to an address that a customer chose: bounded, without redirects, and never to a private network."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from core.webhooks.addresses import parse_networks
from infra.local.webhook_listener import WebhookListener, listening
from tests.integration.receivers import answering, dripping
from worker.webhooks.post import post

LOOPBACK = parse_networks("127.0.0.0/8,::1/128")


@pytest.fixture
def listener() -> Iterator[WebhookListener]:
    """A receiver that answers 204."""
    with listening() as listener:
        yield listener


def test_a_redirect_is_a_failure(listener: WebhookListener) -> None:
    """Redirects are not followed: the second address was never checked."""
    with answering(307, {"Location": listener.url}) as url:
        outcome = post(url, b"{}", {}, timeout_seconds=5, allowed_networks=LOOPBACK)

    assert (outcome.status_code, outcome.is_success) == (307, False)
    assert listener.calls.empty()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "127.1", "0x7f000001", "2130706433", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_private_addresses_are_refused_at_the_connection(listener: WebhookListener, host: str) -> None:
    """However loopback is spelled, nothing is sent there unless the deployment allows it."""
    outcome = post(f"http://{host}:{listener.server_port}/", b"{}", {}, timeout_seconds=5, allowed_networks=())

    assert outcome.status_code is None
    assert outcome.error is not None
    assert "may not be sent" in outcome.error
    assert listener.calls.empty()


def test_nobody_listens() -> None:
    """A refused connection and an unknown name are failures with a reason."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/", "http://no-such-host.invalid/"):
        outcome = post(url, b"{}", {}, timeout_seconds=5, allowed_networks=LOOPBACK)
        assert outcome.status_code is None
        assert outcome.error


def test_a_dripping_receiver_is_cut_off_at_the_deadline() -> None:
    """A receiver that sends a byte at a time, each within any read timeout, does not stretch the total."""
    with dripping() as url:
        started = time.monotonic()
        outcome = post(url, b"{}", {}, timeout_seconds=1, allowed_networks=LOOPBACK)

    assert outcome.status_code is None
    assert outcome.error == "no answer within 1 s"
    # Far from the minutes that the drip would take, however busy the machine is.
    assert time.monotonic() - started < 10


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    """Only a little of a huge answer is read, and less is kept."""
    with answering(500, body=b"x" * 50_000_000) as url:
        outcome = post(url, b"{}", {}, timeout_seconds=10, allowed_networks=LOOPBACK)

    assert outcome.status_code == 500
    assert outcome.error == "x" * 1_000
