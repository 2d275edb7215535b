"""`store: false`: no prompt and no picture is left when the end has been told."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from core.database import seconds_from_now, transaction
from core.ids import parse_id
from core.jobs.tables import Job
from core.webhooks.tables import DeliveryStatus, WebhookAttempt, WebhookDelivery
from infra.local import LocalStack
from tests.integration.conftest import Post
from tests.integration.kept import finish_one, list_stored, pass_time, violations_of
from tests.unit.pictures import png_uri
from worker.maintenance.apply_retention import apply_retention

_SECRET_WORDS = "a heron that nobody may know of"


def _send(post: Post, **more: Any) -> UUID:
    body = {"prompt": _SECRET_WORDS, "negative_prompt": _SECRET_WORDS, "image": png_uri(), "store": False, **more}
    answer = post(body)
    assert answer.status_code == 202, answer.text
    job_id = parse_id("job", answer.get_json()["id"])
    assert job_id is not None
    return job_id


def _rows_that_say_it() -> list[str]:
    """The tables in which the prompt stands somewhere."""
    with transaction() as session:
        return [
            name
            for name in ("jobs", "job_attempts", "artifacts", "webhook_events", "webhook_attempts", "idempotency_keys")
            if session.execute(
                text(f"select count(*) from {name} as row where row::text like :words"), {"words": f"%{_SECRET_WORDS}%"}
            ).scalar_one()
        ]


def _deliver(status: str, *, seconds_ago: float = 0) -> None:
    with transaction() as session:
        session.execute(update(WebhookDelivery).values(status=status, finished_at=seconds_from_now(-seconds_ago)))
        delivery = session.scalars(select(WebhookDelivery)).one()
        session.add(
            WebhookAttempt(
                account_id=delivery.account_id,
                delivery_id=delivery.id,
                attempt_number=1,
                response_status_code=200 if status == DeliveryStatus.DELIVERED else 500,
                response_duration_ms=1,
                error=_SECRET_WORDS,
            )
        )
        delivery.attempts = 1


def test_a_receipt_forgets_the_prompt_and_nothing_else(servers: LocalStack, post: Post) -> None:
    """Its worker wrote the whole request into it; sizes, seed and numbers stay."""
    job_id = _send(post, image=None, seed=7)
    finish_one()
    with transaction() as session:
        job = session.get_one(Job, job_id)
        job.receipt = {"model": {"revision": "1"}, "request": job.request}
    pass_time(job_id)
    apply_retention()

    assert _rows_that_say_it() == []
    with transaction() as session:
        receipt = session.get_one(Job, job_id).receipt
        assert receipt is not None
        assert receipt["model"] == {"revision": "1"}
        assert (
            receipt["request"].items()
            >= {"seed": 7, "width": 128, "scheduler": receipt["request"]["scheduler"]}.items()
        )


def test_without_a_webhook_it_is_an_hour(servers: LocalStack, post: Post) -> None:
    """Until then images and prompt are there to be fetched; afterwards neither the rows nor the bucket have them."""
    job_id = _send(post)
    finish_one()
    apply_retention()
    assert _rows_that_say_it() == ["jobs", "webhook_events"]
    assert len(list_stored(job_id)) == 2
    with transaction() as session:
        kept = session.execute(select(func.extract("epoch", Job.expires_at - Job.finished_at))).scalar_one()
        assert kept == 3_600

    pass_time(job_id)
    apply_retention()

    assert _rows_that_say_it() == []
    assert list_stored(job_id) == []
    assert violations_of(job_id) == []
    with transaction() as session:
        job = session.get_one(Job, job_id)
        assert job.finished_at is not None
        assert (job.status, job.request["width"], job.request["scheduler"]) == ("succeeded", 64, "ddim")
        assert not {"prompt", "negative_prompt", "image"} & job.request.keys()
        assert job.forgotten_at is not None


@pytest.mark.parametrize(
    ("status", "seconds_ago", "is_forgotten"),
    [
        (DeliveryStatus.DELIVERED, 901, True),
        (DeliveryStatus.DELIVERED, 800, False),
        (DeliveryStatus.EXHAUSTED, 901, False),
    ],
)
def test_a_delivered_webhook_tells_the_end(
    servers: LocalStack, post: Post, status: str, seconds_ago: float, is_forgotten: bool
) -> None:
    """Once the addresses in it have expired, nothing is left; one that nobody took tells nothing."""
    job_id = _send(post, webhook={"url": "https://example.com/hook"})
    finish_one()
    apply_retention()
    assert "webhook_events" in _rows_that_say_it()

    _deliver(status, seconds_ago=seconds_ago)
    apply_retention()

    assert (_rows_that_say_it() == []) is is_forgotten
    assert (list_stored(job_id) == []) is is_forgotten
    assert violations_of(job_id) == []


def test_a_shorter_retention_holds(post: Post) -> None:
    """`retention_seconds` can ask for less, and not for more."""
    with transaction() as session:
        jobs = session.scalars(select(Job.retention_seconds).where(Job.id.in_([_send(post, retention_seconds=60)])))
        assert jobs.all() == [60]
        jobs = session.scalars(select(Job.retention_seconds).where(Job.id.in_([_send(post, retention_seconds=7_200)])))
        assert jobs.all() == [3_600]


def test_other_jobs_keep_their_prompts(servers: LocalStack, post: Post) -> None:
    """Their images expire, and the rows still say what was asked for."""
    post({"prompt": _SECRET_WORDS})
    finish_one()
    with transaction() as session:
        session.execute(update(Job).values(expires_at=seconds_from_now(-1)))
    apply_retention()

    assert _rows_that_say_it() == ["jobs", "webhook_events"]
    with transaction() as session:
        assert json.dumps(session.scalars(select(Job)).one().request).count(_SECRET_WORDS) == 1
