"""Deliveries to real receivers on loopback: signed, retried on schedule, and written down."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from uuid import UUID

import pytest
from sqlalchemy import extract, func, select, text
from standardwebhooks import Webhook

from core.database import transaction
from core.settings import get_settings
from core.webhooks.claim_delivery import ClaimedDelivery, claim_delivery
from core.webhooks.endpoints import delete_endpoint
from core.webhooks.record_attempt import AttemptOutcome, record_attempt
from core.webhooks.retry_schedule import RETRY_SCHEDULE_SECONDS
from core.webhooks.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from infra.local.webhook_listener import WebhookListener, listening
from tests.integration.attempts import end_a_job
from tests.integration.conftest import Submit
from tests.integration.receivers import add_endpoint, answering
from worker.dispatch_slots import DispatchSlots
from worker.webhooks.deliver import MOST_FOR_ENDPOINT, deliver_next


@pytest.fixture
def listener() -> Iterator[WebhookListener]:
    """A receiver that answers 204."""
    with listening() as listener:
        yield listener


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
    """After a 410 the delivery is cancelled, and the next job makes none."""
    with answering(410) as url:
        add_endpoint(account_id, url)
        end_a_job(account_id, submit)
        deliver_next()

    assert read_delivery().status == "cancelled"
    end_a_job(account_id, submit)
    assert read_delivery().status == "cancelled"


def test_many_410s_at_once_do_not_deadlock(account_id: UUID, submit: Submit) -> None:
    """Eight senders that hear "gone" of the same endpoint at the same moment all write it down."""
    add_endpoint(account_id, "http://127.0.0.1:9/")
    claimed = []
    for _ in range(8):
        end_a_job(account_id, submit)
        with transaction() as session:
            claimed.append(claim_delivery(session, timeout_seconds=15))
    start = threading.Barrier(8)

    def hear_gone(delivery: ClaimedDelivery | None) -> None:
        assert delivery is not None
        start.wait()
        with transaction() as session:
            outcome = AttemptOutcome(status_code=410, duration_ms=1)
            record_attempt(session, claimed=delivery, outcome=outcome, random=0)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hear_gone, claimed))

    assert len(read_attempts()) == 8
    with transaction() as session:
        assert set(session.scalars(select(WebhookDelivery.status))) == {"cancelled"}


def test_slow_receivers_leave_room_for_others(
    account_id: UUID, other_account_id: UUID, submit: Submit, listener: WebhookListener
) -> None:
    """While one account's endpoint has all its slots in use, another account's delivery is sent."""
    slow = add_endpoint(account_id, "http://127.0.0.1:9/")
    add_endpoint(other_account_id, listener.url)
    end_a_job(account_id, submit)
    end_a_job(other_account_id, submit)
    with transaction() as session:
        first = claim_delivery(session, timeout_seconds=15, busy_endpoints=[slow.id])
    with transaction() as session:
        nothing = claim_delivery(session, timeout_seconds=15, busy_accounts=[account_id])

    assert first is not None
    assert (first.account_id, nothing) == (other_account_id, None)


def test_places_are_bounded_for_all_for_an_account_and_for_an_endpoint() -> None:
    """Of eight slots an endpoint takes at most four, and so does an account; without a free one a sender stops."""
    slots = DispatchSlots(8, endpoint=MOST_FOR_ENDPOINT)
    one, other = UUID(int=1), UUID(int=2)

    with ExitStack() as stack:
        for endpoint in (one, one, one, other):
            stack.enter_context(slots.working(account=one, endpoint=endpoint))
        assert (slots.list_busy("endpoint"), slots.list_busy("account")) == ([], [one])
        stack.enter_context(slots.working(account=one, endpoint=one))
        assert (slots.list_busy("endpoint"), slots.list_busy("account")) == ([one], [one])
        assert all(stack.enter_context(slots.slot()) for _ in range(8))
        assert not stack.enter_context(slots.slot())

    assert (slots.list_busy("endpoint"), slots.list_busy("account")) == ([], [])
    with slots.slot() as is_free:
        assert is_free


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
    """If a sender dies after its claim, the delivery is only late; what the sender records late changes nothing."""
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
