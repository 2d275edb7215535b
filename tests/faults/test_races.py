"""Everything that can happen twice or at once, on the real database: there is one end, and it is reported as it is."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import select, text

from core.accounts.tables import UsageRecord
from core.database import transaction
from core.errors import JobFinished, LeaseLost
from core.ids import parse_id
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.audit.invariants import list_violations
from core.jobs.outcomes.record_outcome import record_interruption
from core.jobs.tables import Job
from core.webhooks.tables import WebhookEvent
from infra.local.webhook_listener import WebhookListener
from tests.integration.attempts import (
    cancel,
    claim_one,
    end_a_job,
    expire_lease,
    fail,
    in_transaction,
    read_job,
    renew,
    succeed,
    sweep,
)
from tests.integration.conftest import Submit
from tests.integration.receivers import add_endpoint
from worker.webhooks.deliver import deliver_next


@pytest.fixture(autouse=True)
def verified(database: None) -> Iterator[None]:
    """After each of these tests no rule is broken."""
    yield
    with transaction() as session:
        assert list_violations(session) == []


@pytest.mark.parametrize("tries", [100, pytest.param(1000, marks=pytest.mark.thorough)])
def test_a_cancel_that_races_the_final_commit(
    account_id: UUID, submit: Submit, listener: WebhookListener, tries: int
) -> None:
    """F27: 1,000 tries: each job has one end, its event says the same as its row, and who cancelled was told the truth. Of
    the webhooks twenty are really sent: they say the same as well.
    """
    add_endpoint(account_id, listener.url)
    dice = random.Random(tries)  # which of the two is a little late
    with ThreadPoolExecutor(2) as pool:
        for _ in range(tries):
            job_id = submit(account_id)
            _race(pool, account_id, job_id, claim_one(), lead_seconds=dice.uniform(-0.004, 0.004))
    _put_off_deliveries(but=20)
    deliver_next()

    with transaction() as session:
        rows = session.execute(
            select(Job.id, Job.status, UsageRecord.job_id.is_not(None), WebhookEvent.type, WebhookEvent.data)
            .outerjoin(UsageRecord, UsageRecord.job_id == Job.id)
            .outerjoin(WebhookEvent, WebhookEvent.job_id == Job.id)
        ).all()
    assert len(rows) == tries
    events = {job_id: (type_, data["status"]) for job_id, _, _, type_, data in rows}
    assert events == {job_id: (f"job.{status}", status) for job_id, status, *_ in rows}
    calls = [json.loads(listener.calls.get(timeout=5).body) for _ in range(20)]
    assert listener.calls.empty()
    told = {parse_id("job", call["data"]["id"]): (call["type"], call["data"]["status"]) for call in calls}
    assert len(told) == 20
    assert told.items() <= events.items()
    counts = Counter((status, is_used) for _, status, is_used, *_ in rows)
    print("of the races the commit and the cancel won:", counts["succeeded", True], counts["cancelled", False])
    assert counts.keys() == {("succeeded", True), ("cancelled", False)}
    assert min(counts.values()) > tries / 20, "a race that one side always wins proves nothing"


def _put_off_deliveries(*, but: int) -> None:
    """Make all but this many deliveries due tomorrow."""
    with transaction() as session:
        session.execute(
            text(
                "update webhook_deliveries set next_attempt_at = now() + interval '1 day' "
                "where id not in (select id from webhook_deliveries order by random() limit :but)"
            ),
            {"but": but},
        )


def _race(
    pool: ThreadPoolExecutor, account_id: UUID, job_id: UUID, attempt: ClaimedAttempt, *, lead_seconds: float
) -> None:
    start = threading.Barrier(2)

    def late(seconds: float, act: Callable[[], object]) -> object:
        start.wait()
        time.sleep(max(0.0, seconds))
        return act()

    done = pool.submit(late, lead_seconds, lambda: succeed(attempt))
    cancelled = pool.submit(late, -lead_seconds, lambda: cancel(account_id, job_id))
    status, error = done.result(), cancelled.exception()

    assert error is None or isinstance(error, JobFinished)
    assert (status, error is None) in {("succeeded", False), ("cancelled", True)}


def test_everything_at_once_has_one_end(account_id: UUID, submit: Submit) -> None:
    """F27, F33: success, failure, shutdown, renewal, cancel and two sweeps at the same moment, at the very end of the
    lease: the rows agree with each other whoever wins, and the losers are told so.
    """
    dice = random.Random(5)
    with ThreadPoolExecutor(7) as pool:
        for _ in range(25):
            job_id = submit(account_id)
            attempt = claim_one()
            if dice.random() < 0.5:
                expire_lease(attempt)
            acts: list[Callable[[], object]] = [
                lambda attempt=attempt: succeed(attempt),  # type: ignore[misc]  # mypy: defaults in a lambda
                lambda attempt=attempt: fail(attempt.id),  # type: ignore[misc]  # as above
                lambda attempt=attempt: in_transaction(record_interruption, attempt.id),  # type: ignore[misc]  # as above
                lambda attempt=attempt: renew(attempt.id),  # type: ignore[misc]  # as above
                lambda job_id=job_id: cancel(account_id, job_id),  # type: ignore[misc]  # as above
                sweep,
                sweep,
            ]
            dice.shuffle(acts)
            errors = [future.exception() for future in [pool.submit(act) for act in acts]]
            assert {type(error) for error in errors if error is not None} <= {LeaseLost, JobFinished}
            _end(account_id, job_id)


def _end(account_id: UUID, job_id: UUID) -> None:
    """Let the job go the rest of its way, so that the next claim is the next job's."""
    # Both sweeps may have passed over a row that a loser held just then: that is the next sweep's.
    sweep()
    with transaction() as session:
        status = read_job(session, job_id).status
    assert status != "running"
    if status == "queued":
        cancel(account_id, job_id)


def test_senders_at_once_send_each_event_once(account_id: UUID, submit: Submit, listener: WebhookListener) -> None:
    """F33: six senders that start together on twelve deliveries: twelve calls with ids of their own."""
    add_endpoint(account_id, listener.url)
    for _ in range(12):
        end_a_job(account_id, submit)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: deliver_next(), range(6)))

    calls = [listener.calls.get(timeout=5) for _ in range(12)]
    assert listener.calls.empty()
    assert len({call.headers["webhook-id"] for call in calls}) == 12
    with transaction() as session:
        assert session.execute(text("select status, count(*) from webhook_deliveries group by 1")).all() == [
            ("delivered", 12)
        ]
