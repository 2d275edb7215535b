"""Webhooks against real receivers on loopback: signed, retried, bounded, and never to a private address."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest
from sqlalchemy import extract, func, select, text
from standardwebhooks import Webhook

from core.database import transaction
from core.settings import get_settings
from core.webhooks.addresses import parse_networks
from core.webhooks.claim_delivery import claim_delivery
from core.webhooks.endpoints import create_endpoint, delete_endpoint
from core.webhooks.record_attempt import AttemptOutcome, record_attempt
from core.webhooks.retry_schedule import RETRY_SCHEDULE_SECONDS
from core.webhooks.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from infra.local.webhook_listener import WebhookListener, listening
from tests.integration.attempts import claim_one, succeed
from tests.integration.conftest import Submit
from worker.webhooks.deliver import deliver_next
from worker.webhooks.post import post

LOOPBACK = parse_networks("127.0.0.0/8,::1/128")


@pytest.fixture
def listener() -> Iterator[WebhookListener]:
    """A receiver that answers 204."""
    with listening() as listener:
        yield listener


@contextmanager
def answering(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Iterator[str]:
    """A receiver that gives the same answer to everything, and its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook"
        server.shutdown()
        thread.join()


def add_endpoint(account_id: UUID, url: str) -> WebhookEndpoint:
    with transaction() as session:
        return create_endpoint(session, account_id=account_id, url=url, description="")


def end_a_job(account_id: UUID, submit: Submit) -> UUID:
    job_id = submit(account_id)
    assert succeed(claim_one()) == "succeeded"
    return job_id


def read_delivery() -> WebhookDelivery:
    with transaction() as session:
        return session.scalars(select(WebhookDelivery)).one()


def read_attempts() -> list[WebhookAttempt]:
    with transaction() as session:
        return list(session.scalars(select(WebhookAttempt).order_by(WebhookAttempt.attempt_number)))


def make_due() -> None:
    with transaction() as session:
        session.execute(text("update webhook_deliveries set next_attempt_at = now() where status = 'pending'"))


def seconds_to_next_attempt() -> float:
    with transaction() as session:
        wait = extract("epoch", WebhookDelivery.next_attempt_at - func.clock_timestamp())
        return float(session.scalars(select(wait)).one())


def test_a_delivery_is_signed_and_written_down(account_id: UUID, submit: Submit, listener: WebhookListener) -> None:
    """The receiver gets one call that verifies; delivery and attempt tell of it."""
    endpoint = add_endpoint(account_id, listener.url)
    job_id = end_a_job(account_id, submit)

    deliver_next()

    call = listener.calls.get(timeout=5)
    payload = Webhook(endpoint.secret).verify(call.body, call.headers)
    assert payload["data"]["id"] == f"job_{job_id.hex}"
    assert call.headers["content-type"] == "application/json"
    assert read_delivery().status == "delivered"
    assert [attempt.response_status_code for attempt in read_attempts()] == [204]


def test_a_failed_delivery_is_retried_with_the_same_id(account_id: UUID, submit: Submit) -> None:
    """500, then 204: two attempts, the second after the scheduled wait, the same webhook-id."""
    with answering(500, body=b"out of order") as url:
        endpoint = add_endpoint(account_id, url)
        end_a_job(account_id, submit)
        deliver_next()

    assert 4 < seconds_to_next_attempt() < 6
    deliver_next()
    assert len(read_attempts()) == 1, "it is not due yet"

    with listening() as listener:
        with transaction() as session:
            session.get_one(WebhookEndpoint, endpoint.id).url = listener.url
        make_due()
        deliver_next()
        call = listener.calls.get(timeout=5)

    Webhook(endpoint.secret).verify(call.body, call.headers)
    attempts = read_attempts()
    assert [(attempt.response_status_code, attempt.error) for attempt in attempts] == [
        (500, "out of order"),
        (204, None),
    ]
    assert read_delivery().status == "delivered"


def test_every_try_failed(account_id: UUID, submit: Submit) -> None:
    """After the whole schedule the delivery is exhausted, and nothing is sent any more."""
    with answering(503) as url:
        add_endpoint(account_id, url)
        end_a_job(account_id, submit)
        for _ in range(len(RETRY_SCHEDULE_SECONDS) + 3):
            make_due()
            deliver_next()

    assert read_delivery().status == "exhausted"
    assert len(read_attempts()) == len(RETRY_SCHEDULE_SECONDS) + 1


def test_retry_after_is_honoured(account_id: UUID, submit: Submit) -> None:
    """A receiver that asks for a longer wait gets it."""
    with answering(429, {"Retry-After": "120"}) as url:
        add_endpoint(account_id, url)
        end_a_job(account_id, submit)
        deliver_next()

    assert 118 < seconds_to_next_attempt() <= 120


def test_410_gone_disables_the_endpoint(account_id: UUID, submit: Submit) -> None:
    """Gone is gone: the delivery is cancelled, and the next job makes none."""
    with answering(410) as url:
        add_endpoint(account_id, url)
        end_a_job(account_id, submit)
        deliver_next()

    assert read_delivery().status == "cancelled"
    end_a_job(account_id, submit)
    assert read_delivery().status == "cancelled"


def test_a_deleted_endpoint_gets_nothing_more(account_id: UUID, submit: Submit, listener: WebhookListener) -> None:
    """What was waiting for a deleted endpoint is cancelled."""
    endpoint = add_endpoint(account_id, listener.url)
    end_a_job(account_id, submit)
    with transaction() as session:
        delete_endpoint(session, account_id=account_id, endpoint_id=endpoint.id)

    deliver_next()

    assert read_delivery().status == "cancelled"
    assert listener.calls.empty()


def test_a_dead_senders_delivery_becomes_due_again(account_id: UUID, submit: Submit, listener: WebhookListener) -> None:
    """A sender that died after its claim costs a delay, not the delivery; its late record changes nothing."""
    add_endpoint(account_id, listener.url)
    end_a_job(account_id, submit)
    with transaction() as session:
        dead = claim_delivery(session, timeout_seconds=15)
    assert dead is not None
    deliver_next()
    assert listener.calls.empty(), "it is the dead sender's for now"

    make_due()
    deliver_next()

    assert read_delivery().status == "delivered"
    with transaction() as session:
        late = AttemptOutcome(status_code=500, duration_ms=1)
        assert record_attempt(session, claimed=dead, outcome=late, random=0) is None
    assert read_delivery().status == "delivered"


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
    """Of a huge answer a little is read and less is kept."""
    with answering(500, body=b"x" * 50_000_000) as url:
        outcome = post(url, b"{}", {}, timeout_seconds=10, allowed_networks=LOOPBACK)

    assert outcome.status_code == 500
    assert outcome.error == "x" * 1_000


def test_the_body_is_the_job_alone(account_id: UUID, submit: Submit, listener: WebhookListener) -> None:
    """type, timestamp and data: nothing else, and the download link is signed at the time of sending."""
    add_endpoint(account_id, listener.url)
    end_a_job(account_id, submit)
    deliver_next()

    body = json.loads(listener.calls.get(timeout=5).body)

    assert set(body) == {"type", "timestamp", "data"}
    [output] = body["data"]["outputs"]
    assert output["url"].startswith(str(get_settings().s3_public_endpoint_url))
    assert output["url_expires_at"]


@contextmanager
def dripping() -> Iterator[str]:
    """A receiver that answers one header byte every 50 ms, for ever."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                for byte in b"HTTP/1.1 200 OK\r\nX-Endless: " + b"x" * 10_000:
                    if stop.wait(0.05):
                        return
                    try:
                        connection.send(bytes([byte]))
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        stop.set()
        thread.join()
