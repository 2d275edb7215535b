"""Successes of jobs that end at the same time: written together, and each as if it were alone."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError
from structlog.testing import capture_logs

from core.accounts.limits import set_limits
from core.artifacts.tables import Artifact
from core.database import autocommit, transaction
from core.errors import LeaseLost
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.audit.invariants import list_violations
from core.jobs.outcomes import record_successes as door
from core.jobs.outcomes.record_success_step_by_step import record_success_step_by_step
from core.jobs.outcomes.record_successes import record_successes, record_successes_in_one_statement
from core.jobs.outcomes.rendered import Rendered
from core.jobs.status import JobStatus
from core.jobs.tables import Job
from core.webhooks.tables import WebhookDelivery, WebhookEvent
from tests.integration.attempts import (
    cancel,
    claim,
    claim_one,
    expire_lease,
    pass_deadline,
    read_job,
    rendered,
    succeed,
)
from tests.integration.conftest import Submit
from tests.integration.receivers import add_endpoint
from tests.integration.statements import noted_statements
from worker.rendering.attempt import group_success_writer
from worker.rendering.attempt.group_success_writer import GroupSuccessWriter

_MANY = 30


def write_together(*attempts: ClaimedAttempt) -> set[UUID]:
    with autocommit() as connection:
        return record_successes_in_one_statement(connection, {attempt.id: rendered(attempt) for attempt in attempts})


def statuses(*attempts: ClaimedAttempt) -> list[str]:
    with transaction() as session:
        return [read_job(session, attempt.job_id).status for attempt in attempts]


def test_each_is_written_with_all_that_belongs_to_it(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """Two jobs of one account and one of another, in two statements: each has its own images, usage and event, and only
    the account with endpoints has deliveries.
    """
    endpoints = {add_endpoint(account_id, "https://example.org").id for _ in range(2)}
    for owner in (account_id, account_id, other_account_id):
        submit(owner)
    attempts = [claim_one() for _ in range(3)]

    with noted_statements() as noted:
        written = write_together(*attempts)

    assert len(noted) == 2
    assert written == {attempt.id for attempt in attempts}
    with transaction() as session:
        assert list_violations(session) == []
        for attempt in attempts:
            image = session.scalars(select(Artifact).where(Artifact.job_id == attempt.job_id)).one()
            event = session.scalars(select(WebhookEvent).where(WebhookEvent.job_id == attempt.job_id)).one()
            told = session.scalars(
                select(WebhookDelivery.endpoint_id).where(WebhookDelivery.event_id == event.id)
            ).all()
            [stored] = rendered(attempt).images
            assert (image.storage_key, image.attempt_id, image.seed) == (stored.storage_key, attempt.id, attempt.seed)
            assert sorted(told) == sorted(endpoints if attempt.account_id == account_id else [])
            assert read_job(session, attempt.job_id).receipt == {"model": {"id": attempt.model}}


def test_what_may_not_succeed_is_left_alone(account_id: UUID, submit: Submit) -> None:
    """Beside one that may: a cancelled one, one out of time, one that has lost its lease, one that ended, and none at all."""
    for _ in range(5):
        submit(account_id)
    good, cancelled, late, lost, done = (claim_one() for _ in range(5))
    cancel(account_id, cancelled.job_id)
    pass_deadline(late.job_id)
    expire_lease(lost)
    succeed(done)

    written = write_together(cancelled, late, lost, good, done, replace(good, id=uuid4()))

    assert written == {good.id}
    assert statuses(good, cancelled, late, lost, done) == ["succeeded", "running", "running", "running", "succeeded"]
    assert [succeed(cancelled), succeed(late)] == ["cancelled", "failed"]
    for attempt in (lost, done):
        with pytest.raises(LeaseLost):
            succeed(attempt)


def test_nobody_waits_for_rows_that_somebody_holds(account_id: UUID, submit: Submit) -> None:
    """A job whose row is locked is left out, and the one beside it is written; alone it waits until the row is free."""
    submit(account_id)
    submit(account_id)
    free, held = claim_one(), claim_one()
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            session.execute(select(Job.id).where(Job.id == held.job_id).with_for_update())
            assert write_together(held, free) == {free.id}
            waiting = pool.submit(succeed, held)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
        assert waiting.result(timeout=5) == "succeeded"


def test_if_others_are_held_the_next_one_is_released(account_id: UUID, submit: Submit) -> None:
    """An account that may run one job has its next one claimed after a success, also by a worker that writes together."""
    with transaction() as session:
        set_limits(session, account_id=account_id, changes={"max_running_jobs": 1})
    submit(account_id)
    submit(account_id)
    first = claim_one()
    assert claim() is None

    assert write_together(first) == set()
    assert succeed(first) == "succeeded"

    assert claim_one().job_id != first.job_id


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Crowd:
    """Successes that come while one is being written."""
    crowd = Crowd()
    monkeypatch.setattr(group_success_writer, "record_successes", crowd.write)
    return crowd


class Crowd:
    """The first write lasts until all others have come."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self._has_begun, self._may_go_on = threading.Event(), threading.Event()

    def write(self, successes: dict[UUID, Rendered]) -> dict[UUID, JobStatus | Exception]:
        self.batches.append(len(successes))
        self._has_begun.set()
        assert self._may_go_on.wait(10)
        return record_successes(successes)

    def write_all(self, successes: dict[UUID, Rendered]) -> list[str]:
        """What each of them is told, or by the database's name for it what went wrong; the first one comes first."""
        writer = GroupSuccessWriter()

        def write(attempt_id: UUID) -> str:
            try:
                return writer.write(attempt_id=attempt_id, rendered=successes[attempt_id])
            except DBAPIError as error:
                return type(error.orig).__name__

        first, *others = successes
        with capture_logs(), ThreadPoolExecutor(len(successes)) as pool:
            told = [pool.submit(write, first)]
            assert self._has_begun.wait(10)
            told += [pool.submit(write, attempt_id) for attempt_id in others]
            while writer._group.waiting < len(successes):
                time.sleep(0.001)
            self._may_go_on.set()
            return [one.result(timeout=10) for one in told]


def test_threads_that_end_at_once_share_their_statements(account_id: UUID, submit: Submit, crowd: Crowd) -> None:
    """While the first one is being written, all others come: they are written by one more pair of statements."""
    for _ in range(_MANY):
        submit(account_id)
    attempts = [claim_one() for _ in range(_MANY)]

    told = crowd.write_all({attempt.id: rendered(attempt) for attempt in attempts})

    assert told == ["succeeded"] * _MANY
    assert crowd.batches == [1, _MANY - 1]
    with transaction() as session:
        assert list_violations(session) == []


def test_one_that_cannot_be_written_harms_no_other(account_id: UUID, submit: Submit, crowd: Crowd) -> None:
    """What the database refuses of one job is that job's error; the others are written by themselves then."""
    for _ in range(4):
        submit(account_id)
    attempts = [claim_one() for _ in range(4)]
    results = {attempt.id: rendered(attempt) for attempt in attempts}
    broken = results[attempts[2].id]
    results[attempts[2].id] = replace(broken, images=broken.images * 2)  # two images of one key

    told = crowd.write_all(results)

    assert crowd.batches == [1, 3]
    assert told == ["succeeded", "succeeded", "UniqueViolation", "succeeded"]
    assert statuses(*attempts) == ["succeeded", "succeeded", "running", "succeeded"]


def test_a_database_that_is_away_is_everybodys_error(
    account_id: UUID, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not asked again by each of them: `commit_outcome` does that, later."""
    submit(account_id)
    attempt = claim_one()

    def fail(*_: object) -> set[UUID]:
        raise OperationalError("", None, Exception("the connection is gone"))

    with monkeypatch.context() as patched, capture_logs(), noted_statements() as noted:
        patched.setattr(door, "record_successes_in_one_statement", fail)
        with pytest.raises(OperationalError):
            succeed(attempt)
    assert noted == []

    assert succeed(attempt) == "succeeded"


def test_alone_in_a_transaction_it_is_the_same(account_id: UUID, submit: Submit) -> None:
    """Rolled back, nothing has happened; and then it is written once."""
    submit(account_id)
    attempt = claim_one()
    with transaction() as session:
        assert record_success_step_by_step(session, attempt_id=attempt.id, rendered=rendered(attempt)) == "succeeded"
        session.rollback()
    assert statuses(attempt) == ["running"]

    assert succeed(attempt) == "succeeded"
    with pytest.raises(LeaseLost):
        succeed(attempt)
