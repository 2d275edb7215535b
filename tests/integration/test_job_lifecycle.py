"""Claim, lease, finish, cancel and rescue on a real PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError

from core.accounts.tables import UsageRecord
from core.artifacts.tables import Artifact
from core.database import get_engine, transaction
from core.errors import LeaseLost
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.audit.invariants import list_violations
from core.jobs.failures import Failure, FailureCode
from core.jobs.outcomes.record_outcome import record_cancellation, record_failure, record_interruption
from core.jobs.tables import JobAttempt
from core.webhooks.tables import WebhookEvent
from tests.integration.attempts import (
    attempt_statuses,
    cancel,
    claim,
    claim_one,
    expire_lease,
    fail,
    in_transaction,
    make_available,
    read_job,
    renew,
    succeed,
    sweep,
)
from tests.integration.conftest import Submit

pytestmark = pytest.mark.usefixtures("ways")

_NO_MODEL = Failure(FailureCode.MODEL_UNAVAILABLE, "it is not there")


def test_a_success_is_one_commit(account_id: UUID, submit: Submit) -> None:
    """Job, artifact, usage and event appear together, and belong to the attempt."""
    job_id = submit(account_id)
    attempt = claim_one()

    assert succeed(attempt) == "succeeded"

    with transaction() as session:
        job = read_job(session, job_id)
        artifact = session.scalars(select(Artifact)).one()
        assert (job.status, job.current_attempt_id, job.attempts_used) == ("succeeded", attempt.id, 1)
        assert artifact.attempt_id == attempt.id
        assert artifact.storage_key == f"artifacts/job_{job_id.hex}/1/0.png"
        assert session.scalars(select(UsageRecord.cost)).one() == pytest.approx(256 * 256 * 12 / 1e6)
        assert session.scalars(select(WebhookEvent.type)).all() == ["job.succeeded"]


def test_two_workers_never_claim_the_same_job(account_id: UUID, submit: Submit) -> None:
    """20 jobs and 8 workers that claim at once: each job is claimed once."""
    jobs = {submit(account_id) for _ in range(20)}

    def claim_all(worker: int) -> list[UUID]:
        return [attempt.job_id for attempt in iter(lambda: claim(f"worker-{worker}"), None)]

    with ThreadPoolExecutor(8) as pool:
        claimed = [job_id for job_ids in pool.map(claim_all, range(8)) for job_id in job_ids]

    assert len(claimed) == len(jobs)
    assert set(claimed) == jobs


def test_an_expired_attempt_changes_nothing(account_id: UUID, submit: Submit) -> None:
    """After its lease has run out an attempt can neither renew, succeed, fail, cancel nor interrupt."""
    job_id = submit(account_id)
    stale = claim_one()
    expire_lease(stale)
    writes: list[Callable[[], object]] = [
        lambda: renew(stale.id),
        lambda: succeed(stale),
        lambda: fail(stale.id),
        lambda: in_transaction(record_cancellation, stale.id),
        lambda: in_transaction(record_interruption, stale.id),
    ]

    for write in writes:
        with pytest.raises(LeaseLost):
            write()

    with transaction() as session:
        assert read_job(session, job_id).status == "running"
        assert session.scalar(select(func.count()).select_from(Artifact)) == 0


def test_a_late_twin_cannot_overtake_the_second_attempt(account_id: UUID, submit: Submit) -> None:
    """A worker that wakes up after its job was given to another writes nothing, and the other's success stands."""
    job_id = submit(account_id)
    stale = claim_one("worker-a")
    expire_lease(stale)
    sweep()
    fresh = claim_one("worker-b")

    with pytest.raises(LeaseLost):
        succeed(stale)
    assert succeed(fresh) == "succeeded"
    with pytest.raises(LeaseLost):
        succeed(stale)

    with transaction() as session:
        assert attempt_statuses(session, job_id) == ["expired", "succeeded"]
        assert session.scalars(select(Artifact.attempt_id)).all() == [fresh.id]
        assert (fresh.attempt_number, read_job(session, job_id).attempts_used) == (2, 2)


def test_the_sweep_may_run_twice_at_once(account_id: UUID, submit: Submit) -> None:
    """Many simultaneous sweeps rescue each expired attempt once."""
    for _ in range(10):
        submit(account_id)
        expire_lease(claim_one())
    start = threading.Barrier(4)

    def sweep_together(_: int) -> int:
        start.wait()
        return sweep()

    with ThreadPoolExecutor(4) as pool:
        rescued = sum(pool.map(sweep_together, range(4)))

    assert rescued == 10
    with transaction() as session:
        assert session.scalar(text("select count(*) from job_attempts where status = 'expired'")) == 10
        assert session.scalar(text("select count(*) from jobs where status = 'queued'")) == 10


def test_three_lost_leases_end_the_job(account_id: UUID, submit: Submit) -> None:
    """A job that kills its worker each time is not tried a fourth time: it fails with lease_expired."""
    job_id = submit(account_id)
    for _ in range(3):
        make_available(job_id)
        expire_lease(claim_one())
        sweep()

    assert claim() is None
    with transaction() as session:
        job = read_job(session, job_id)
        assert (job.status, job.failure_code, job.attempts_used) == ("failed", "lease_expired", 3)
        assert session.scalars(select(WebhookEvent.type)).all() == ["job.failed"]


def _cancelled(account_id: UUID, attempt: ClaimedAttempt) -> None:
    cancel(account_id, attempt.job_id)
    in_transaction(record_cancellation, attempt.id)


def _failed_for_good(_account_id: UUID, attempt: ClaimedAttempt) -> None:
    in_transaction(partial(record_failure, failure=_NO_MODEL), attempt.id)


def _rescued_when_cancelled(account_id: UUID, attempt: ClaimedAttempt) -> None:
    cancel(account_id, attempt.job_id)
    expire_lease(attempt)
    assert sweep() == 1


@pytest.mark.parametrize("end", [_cancelled, _failed_for_good, _rescued_when_cancelled])
def test_who_stands_still_while_it_ends_a_job_ends_the_attempt_first(
    account_id: UUID, submit: Submit, end: Callable[[UUID, ClaimedAttempt], None]
) -> None:
    """A process that is frozen after it has asked for the time of the job's end: the attempt has ended before."""
    job_id = submit(account_id)
    attempt = claim_one()

    def stand_still(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "clock_timestamp" in statement and "job_retention_seconds" in statement:
            time.sleep(1.1)

    event.listen(get_engine(), "after_cursor_execute", stand_still)
    try:
        end(account_id, attempt)
    finally:
        event.remove(get_engine(), "after_cursor_execute", stand_still)

    with transaction() as session:
        job, closed = read_job(session, job_id), session.get_one(JobAttempt, attempt.id)
        assert job.finished_at is not None
        assert closed.finished_at is not None
        assert closed.finished_at <= job.finished_at
        assert list_violations(session) == []


def test_a_failure_is_retried_with_a_delay(account_id: UUID, submit: Submit) -> None:
    """After a failure that may pass, the job waits in the queue and nobody can claim it before its time."""
    job_id = submit(account_id)

    assert fail(claim_one().id) == "queued"

    assert claim() is None
    with transaction() as session:
        job = read_job(session, job_id)
        wait = session.scalar(select(job.available_at - func.now()))
        assert wait is not None
        assert 0 < wait.total_seconds() <= 2
    make_available(job_id)
    assert claim_one().attempt_number == 2


def test_a_failure_that_cannot_pass_ends_the_job_at_once(account_id: UUID, submit: Submit) -> None:
    """A model that cannot be loaded is not tried three times."""
    job_id = submit(account_id)
    failure = Failure(FailureCode.MODEL_UNAVAILABLE, "no such folder")

    with transaction() as session:
        assert record_failure(session, attempt_id=claim_one().id, failure=failure) == "failed"

    with transaction() as session:
        job = read_job(session, job_id)
        assert (job.failure_code, job.failure_message) == ("model_unavailable", "no such folder")


def test_an_interruption_is_not_an_attempt(account_id: UUID, submit: Submit) -> None:
    """Handed back by a shutdown, a job can be claimed at once; its next attempt has a number of its own."""
    job_id = submit(account_id)
    for expected in (1, 2, 3, 4, 5):
        attempt = claim_one()
        assert attempt.attempt_number == expected
        assert in_transaction(record_interruption, attempt.id) == "queued"

    with transaction() as session:
        job = read_job(session, job_id)
        assert (job.attempts_used, job.attempts_opened) == (0, 5)


def test_the_database_refuses_impossible_rows(account_id: UUID, submit: Submit) -> None:
    """Check constraints hold where code would be wrong."""
    submit(account_id)
    for change in (
        "status = 'lost'",
        "status = 'running'",
        "status = 'succeeded', finished_at = now()",
        "status = 'failed', finished_at = now()",
        "failure_code = 'internal'",
        "attempts_used = 4, attempts_opened = 4",
        "attempts_used = 1",
    ):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(text(f"update jobs set {change}"))
