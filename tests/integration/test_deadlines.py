"""Deadlines on a real PostgreSQL: a job that is too late ends, once, with the reason."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import func, select

from core.accounts.tables import UsageRecord
from core.artifacts.tables import Artifact
from core.database import transaction
from core.errors import LeaseLost
from core.jobs.attempts.lease import renew_lease
from core.jobs.outcomes.deadlines import NOT_ENDED_IN_TIME
from core.jobs.outcomes.record_outcome import record_failure, record_interruption
from core.webhooks.tables import WebhookEvent
from tests.integration.attempts import (
    attempt_statuses,
    cancel,
    claim,
    claim_one,
    end_overdue,
    expire_lease,
    fail,
    in_transaction,
    make_available,
    pass_deadline,
    read_job,
    succeed,
    sweep,
)
from tests.integration.conftest import Submit

pytestmark = pytest.mark.usefixtures("ways")


def verdict(job_id: UUID) -> tuple[str, str | None]:
    """Where the job stands, and why it failed; its one event says the same."""
    with transaction() as session:
        job = read_job(session, job_id)
        events = session.execute(
            select(WebhookEvent.type, WebhookEvent.data).where(WebhookEvent.job_id == job_id)
        ).all()
        if job.finished_at is not None:
            [(type_, data)] = events
            assert type_ == f"job.{job.status}"
            assert (data["failure"] or {}).get("code") == job.failure_code
        return job.status, job.failure_code


def test_a_job_that_was_not_started_in_time_fails(account_id: UUID, submit: Submit) -> None:
    """Past its start deadline a waiting job cannot be claimed, and the sweep ends it; other jobs are not affected."""
    late = submit(account_id, start_deadline_seconds=60)
    early = submit(account_id, start_deadline_seconds=60)
    pass_deadline(late, of_the_start=True)

    assert claim_one().job_id == early
    assert claim() is None
    assert end_overdue() == {late}
    assert verdict(late) == ("failed", "start_deadline_exceeded")
    with transaction() as session:
        assert read_job(session, late).started_at is None
    assert end_overdue() == set()


def test_a_waiting_job_fails_at_its_deadline(account_id: UUID, submit: Submit) -> None:
    """Past its deadline a waiting job ends, whether it was tried before or not."""
    tried, untried = submit(account_id, deadline_seconds=60), submit(account_id, deadline_seconds=60)
    fail(claim_one().id)
    make_available(tried)
    for job_id in (tried, untried):
        pass_deadline(job_id)

    assert claim() is None
    assert end_overdue() == {tried, untried}
    assert verdict(tried) == verdict(untried) == ("failed", "deadline_exceeded")


def test_a_start_is_a_start(account_id: UUID, submit: Submit) -> None:
    """A job that was started in time and handed back by a shutdown can be claimed after its start deadline."""
    job_id = submit(account_id, start_deadline_seconds=60)
    in_transaction(record_interruption, claim_one().id)
    pass_deadline(job_id, of_the_start=True)

    assert end_overdue() == set()
    assert succeed(claim_one()) == "succeeded"


def test_a_running_job_is_told_and_not_tried_again(account_id: UUID, submit: Submit) -> None:
    """The renewal of the lease brings the deadline to the worker, which ends the job for good."""
    job_id = submit(account_id, deadline_seconds=60)
    attempt = claim_one()

    def is_told() -> bool:
        with transaction() as session:
            return renew_lease(session, attempt_id=attempt.id, step=3, lease_seconds=30).deadline_passed

    assert not is_told()
    pass_deadline(job_id)
    assert end_overdue() == set(), "its worker has a moment to notice"
    assert is_told()
    with transaction() as session:
        record_failure(session, attempt_id=attempt.id, failure=NOT_ENDED_IN_TIME)

    assert verdict(job_id) == ("failed", "deadline_exceeded")
    with transaction() as session:
        assert attempt_statuses(session, job_id) == ["failed"]


def test_a_success_after_the_deadline_does_not_count(account_id: UUID, submit: Submit) -> None:
    """Images that come after the deadline are neither stored for the job nor charged."""
    job_id = submit(account_id, deadline_seconds=60)
    attempt = claim_one()
    pass_deadline(job_id)

    assert succeed(attempt) == "failed"

    assert verdict(job_id) == ("failed", "deadline_exceeded")
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(Artifact)) == 0
        assert session.scalar(select(func.count()).select_from(UsageRecord)) == 0


def test_what_has_no_time_left_is_not_tried_again(account_id: UUID, submit: Submit) -> None:
    """An attempt that fails, or is lost, leads to another one only if that can start before the deadline."""
    soon = submit(account_id, deadline_seconds=60)
    attempt = claim_one()
    pass_deadline(soon, seconds=-1.9)
    assert fail(attempt.id) == "failed"
    assert verdict(soon) == ("failed", "internal"), "the deadline had not passed: what broke is the reason"

    over = submit(account_id, deadline_seconds=60)
    attempt = claim_one()
    pass_deadline(over)
    assert fail(attempt.id) == "failed"
    assert verdict(over) == ("failed", "deadline_exceeded")

    lost = submit(account_id, deadline_seconds=60)
    expire_lease(claim_one())
    pass_deadline(lost)
    sweep()
    assert verdict(lost) == ("failed", "deadline_exceeded")

    enough = submit(account_id, deadline_seconds=60)
    assert fail(claim_one().id) == "queued"
    make_available(enough)
    assert succeed(claim_one()) == "succeeded"


def test_a_worker_that_does_not_notice_loses_the_job(account_id: UUID, submit: Submit) -> None:
    """30 s after its deadline a running job is ended by the sweep, and its worker can write nothing any more."""
    job_id = submit(account_id, deadline_seconds=60)
    attempt = claim_one()
    pass_deadline(job_id, seconds=31)

    assert end_overdue() == {job_id}

    assert verdict(job_id) == ("failed", "deadline_exceeded")
    with pytest.raises(LeaseLost):
        succeed(attempt)


def test_a_cancel_wins_over_a_deadline(account_id: UUID, submit: Submit) -> None:
    """A job that was cancelled while it ran ends as cancelled, however late."""
    noticed, swept = submit(account_id, deadline_seconds=60), submit(account_id, deadline_seconds=60)
    attempt, _ = claim_one(), claim_one()
    for job_id in (noticed, swept):
        cancel(account_id, job_id)
        pass_deadline(job_id, seconds=31)
    with transaction() as session:
        record_failure(session, attempt_id=attempt.id, failure=NOT_ENDED_IN_TIME)

    assert end_overdue() == {swept}
    assert verdict(noticed) == verdict(swept) == ("cancelled", None)


def test_jobs_that_were_too_late_do_not_count(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """An account whose jobs all failed in the queue is no further behind than one that sent nothing."""
    for job_id in [submit(account_id, start_deadline_seconds=60) for _ in range(10)]:
        pass_deadline(job_id, of_the_start=True)
    end_overdue()
    others = [submit(other_account_id) for _ in range(10)]
    mine = submit(account_id)

    order = [claim_one().job_id for _ in range(3)]

    assert mine in order
    assert order[0] == others[0]
