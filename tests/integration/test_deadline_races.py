"""Deadlines, cancels, claims and successes at the same moment: always one end."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.database import transaction
from core.errors import JobFinished, LeaseLost
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.audit.invariants import list_violations
from core.jobs.outcomes.record_outcome import record_interruption
from core.jobs.tables import Job
from core.webhooks.tables import WebhookEvent
from tests.integration.attempts import (
    cancel,
    claim,
    claim_one,
    end_overdue,
    expire_lease,
    fail,
    in_transaction,
    make_available,
    pass_deadline,
    succeed,
    sweep,
)
from tests.integration.conftest import Submit


def at_once(*actions: Callable[[], object]) -> None:
    """Run all of them at the same moment. One that finds the job ended has lost the race."""
    start = threading.Barrier(len(actions))

    def act(action: Callable[[], object]) -> None:
        start.wait()
        with suppress(JobFinished, LeaseLost):
            action()

    with ThreadPoolExecutor(len(actions)) as pool:
        list(pool.map(act, actions))


def end_of(job_id: UUID) -> Job:
    """The job, which has ended; its one event says the same, and no rule is broken."""
    with transaction() as session:
        job = session.get_one(Job, job_id)
        events = session.scalars(select(WebhookEvent.type).where(WebhookEvent.job_id == job_id)).all()
        assert events == [f"job.{job.status}"]
        return job


def test_cancel_claim_and_deadline_of_a_waiting_job(account_id: UUID, submit: Submit) -> None:
    """A job whose deadline has passed, cancelled, swept twice and claimed at once, 15 times: cancelled or failed."""
    statuses = set()
    for _ in range(15):
        job_id = submit(account_id, start_deadline_seconds=60)
        pass_deadline(job_id, of_the_start=True)
        at_once(lambda: cancel(account_id, job_id), end_overdue, end_overdue, claim)  # noqa: B023
        statuses.add(end_of(job_id).status)
    assert statuses <= {"cancelled", "failed"}


def test_cancel_success_and_deadline_of_a_running_job(account_id: UUID, submit: Submit) -> None:
    """A job at the moment of its deadline, cancelled, finished and swept at once, 24 times: one end, and a success only
    before the deadline.
    """
    seed = random.Random(5)
    for number in range(24):
        job_id = submit(account_id, deadline_seconds=60)
        attempt = claim_one()
        # Half of them a few milliseconds around the deadline, half so late that the sweep takes part.
        pass_deadline(job_id, seconds=seed.uniform(-0.02, 0) if number % 2 else 31)
        rivals: list[Callable[[], object]] = [lambda: succeed(attempt), end_overdue]  # noqa: B023
        if number % 4 < 2:
            rivals.append(lambda: cancel(account_id, job_id))  # noqa: B023
        at_once(*rivals)
        with suppress(LeaseLost):
            succeed(attempt)

        job = end_of(job_id)
        if job.status == "succeeded":
            assert job.finished_at is not None
            assert job.deadline_at is not None
            assert (job.finished_at - job.deadline_at).total_seconds() < 5


def test_many_sweeps_at_once_end_every_late_job_once(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """60 late jobs of two accounts, four sweeps and both accounts sending more: each late one ends once."""
    late = [submit(account, start_deadline_seconds=60) for _ in range(30) for account in (account_id, other_account_id)]
    for job_id in late:
        pass_deadline(job_id, of_the_start=True)

    at_once(
        *[end_overdue] * 4,
        lambda: [submit(account_id) for _ in range(10)],
        lambda: [submit(other_account_id) for _ in range(10)],
    )
    end_overdue()

    for job_id in late:
        assert end_of(job_id).failure_code == "start_deadline_exceeded"
    assert [claim_one().account_id for _ in range(20)].count(account_id) == 10


class History:
    """Jobs with deadlines, and what can happen to them in any order."""

    def __init__(self, account_id: UUID, submit: Submit) -> None:
        self.account_id = account_id
        self._submit = submit
        self.jobs: list[UUID] = []
        self.attempts: dict[UUID, ClaimedAttempt] = {}
        self.submit(account_id)

    def submit(self, _job_id: UUID) -> None:
        self.jobs.append(self._submit(self.account_id, start_deadline_seconds=600, deadline_seconds=900))

    def claim(self, _job_id: UUID) -> None:
        attempt = claim()
        if attempt is not None:
            self.attempts[attempt.job_id] = attempt

    def succeed(self, job_id: UUID) -> None:
        if job_id in self.attempts:
            succeed(self.attempts[job_id])

    def fail(self, job_id: UUID) -> None:
        if job_id in self.attempts:
            fail(self.attempts[job_id].id)

    def interrupt(self, job_id: UUID) -> None:
        if job_id in self.attempts:
            in_transaction(record_interruption, self.attempts[job_id].id)

    def lose_the_worker(self, job_id: UUID) -> None:
        if job_id in self.attempts:
            expire_lease(self.attempts[job_id])

    def pass_start_deadline(self, job_id: UUID) -> None:
        pass_deadline(job_id, of_the_start=True)

    def pass_deadline(self, job_id: UUID) -> None:
        pass_deadline(job_id)

    def pass_deadline_long_ago(self, job_id: UUID) -> None:
        pass_deadline(job_id, seconds=31)

    def cancel(self, job_id: UUID) -> None:
        cancel(self.account_id, job_id)

    def sweep(self, job_id: UUID) -> None:
        make_available(job_id)
        sweep()
        end_overdue()


EVENTS = [event for name, event in vars(History).items() if not name.startswith("_")]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 3)), max_size=25))
def test_no_history_breaks_a_rule(
    account_id: UUID, submit: Submit, events: list[tuple[Callable[[History, UUID], None], int]]
) -> None:
    """Whatever happens to jobs with deadlines, in any order: each reaches one end, and no rule is broken."""
    history = History(account_id, submit)
    for event, number in events:
        with suppress(JobFinished, LeaseLost):
            event(history, history.jobs[number % len(history.jobs)])

    for job_id in history.jobs:
        pass_deadline(job_id, seconds=31)
    sweep()
    end_overdue()

    for job_id in history.jobs:
        end_of(job_id)
    with transaction() as session:
        assert list_violations(session) == []
