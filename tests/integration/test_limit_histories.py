"""Limits in whatever order things happen: refused exactly when full, never too many at once, and nothing waits for ever."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.accounts.limits import set_limits
from core.database import transaction
from core.errors import JobFinished, LeaseLost, TooManyQueuedJobs
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.audit.invariants import list_violations
from core.jobs.queue.running_limit import release_where_allowed
from core.jobs.tables import Job
from tests.integration.attempts import cancel, claim, succeed
from tests.integration.conftest import Submit

MOST_WAITING, MOST_RUNNING = 3, 2


class History:
    """An account with limits, and what it and the workers do."""

    def __init__(self, account_id: UUID, submit: Submit) -> None:
        self.account_id = account_id
        self._submit = submit
        self.jobs: list[UUID] = []
        self.attempts: list[ClaimedAttempt] = []

    def submit(self, priority: str = "normal") -> None:
        if self._count("queued") < MOST_WAITING:
            self.jobs.append(self._submit(self.account_id, priority=priority))
        else:
            with pytest.raises(TooManyQueuedJobs):
                self._submit(self.account_id, priority=priority)

    def submit_high(self) -> None:
        self.submit("high")

    def claim(self) -> None:
        may_run = self._count("running") < MOST_RUNNING
        attempt = claim()
        if attempt is not None:
            self.attempts.append(attempt)
        assert may_run or attempt is None

    def succeed(self) -> None:
        if self.attempts:
            succeed(self.attempts.pop(0))

    def cancel_first(self) -> None:
        self._cancel(0)

    def cancel_last(self) -> None:
        self._cancel(-1)

    def _cancel(self, index: int) -> None:
        if self.jobs:
            cancel(self.account_id, self.jobs.pop(index))

    def _count(self, status: str) -> int:
        query = select(func.count()).where(Job.account_id == self.account_id, Job.status == status)
        with transaction() as session:
            return session.execute(query).scalar_one()


EVENTS = [event for name, event in vars(History).items() if not name.startswith("_")]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(st.sampled_from(EVENTS), max_size=30))
def test_limits_hold_in_any_order(account_id: UUID, submit: Submit, events: list[Callable[[History], None]]) -> None:
    """Submits are refused exactly when three jobs wait, two run at most, and in the end every job has ended without the
    sweep's help.
    """
    with transaction() as session:
        changes = {"max_queued_jobs": MOST_WAITING, "max_running_jobs": MOST_RUNNING}
        set_limits(session, account_id=account_id, changes=changes)
    history = History(account_id, submit)
    for event in events:
        with suppress(JobFinished, LeaseLost):
            event(history)

    history.claim()
    while history.attempts:
        history.succeed()
        history.claim()

    with transaction() as session:
        assert release_where_allowed(session, max_running_jobs=None) == 0
        assert session.scalars(select(Job.id).where(Job.finished_at.is_(None))).all() == []
        assert list_violations(session) == []
