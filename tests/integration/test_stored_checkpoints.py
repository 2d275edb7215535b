"""Which checkpoint a job resumes from, and what happens to the others, on a real PostgreSQL and a real S3 server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.artifacts.keys import build_checkpoint_key
from core.artifacts.storage import bucket
from core.database import transaction
from core.errors import LeaseLost
from core.jobs.attempts.checkpoints import StoredCheckpoint, list_all_owned_checkpoints
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.attempts.lease import renew_lease
from core.jobs.audit.stored_objects import list_object_violations
from core.jobs.outcomes.record_outcome import record_interruption
from infra.local import LocalStack
from tests.integration.attempts import cancel, claim_one, expire_lease, fail, make_available, succeed, sweep
from tests.integration.conftest import Submit
from worker.maintenance.delete_orphans import delete_orphans


def checkpoint_of(attempt: ClaimedAttempt, step: int) -> StoredCheckpoint:
    key = build_checkpoint_key(job_id=attempt.job_id, attempt_number=attempt.attempt_number, step=step)
    return StoredCheckpoint(key, "0" * 64, step)


def name(attempt: ClaimedAttempt, step: int) -> StoredCheckpoint:
    """Record a checkpoint as the job's."""
    checkpoint = checkpoint_of(attempt, step)
    with transaction() as session:
        renew_lease(session, attempt_id=attempt.id, step=step, lease_seconds=30, checkpoint=checkpoint)
    return checkpoint


def lose(attempt: ClaimedAttempt) -> None:
    """Let the worker of the attempt be dead, and its job be claimable again."""
    expire_lease(attempt)
    sweep()
    make_available(attempt.job_id)


def hand_back(attempt: ClaimedAttempt, checkpoint: StoredCheckpoint | None = None) -> None:
    """Interrupt the attempt."""
    with transaction() as session:
        record_interruption(session, attempt_id=attempt.id, checkpoint=checkpoint)


def test_the_next_attempt_is_given_the_latest_one(account_id: UUID, submit: Submit) -> None:
    """Renewing the lease names a checkpoint, a plain renewal keeps it, and whoever claims the job next gets it."""
    submit(account_id)
    first = claim_one()
    name(first, 4)
    latest = name(first, 8)
    with transaction() as session:
        renew_lease(session, attempt_id=first.id, step=9, lease_seconds=30)
    lose(first)

    second = claim_one()
    assert (first.checkpoint, second.checkpoint) == (None, latest)

    lose(second)  # which never came to a checkpoint of its own
    assert claim_one().checkpoint == latest


def test_a_stale_attempt_names_no_checkpoint(account_id: UUID, submit: Submit) -> None:
    """Once its lease is over an attempt cannot say which checkpoint is the job's, not even while it hands the job back."""
    submit(account_id)
    stale = claim_one()
    kept = name(stale, 2)
    expire_lease(stale)

    for write in (lambda: name(stale, 4), lambda: hand_back(stale, checkpoint_of(stale, 5))):
        with pytest.raises(LeaseLost):
            write()
    sweep()
    make_available(stale.job_id)
    fresh = claim_one()
    with pytest.raises(LeaseLost):
        name(stale, 6)

    assert fresh.checkpoint == kept


def test_a_handed_back_job_keeps_the_step_that_it_was_stopped_at(account_id: UUID, submit: Submit) -> None:
    """The checkpoint is named in the very commit that hands the job back, and one without leaves the earlier one."""
    submit(account_id)
    first = claim_one()
    name(first, 2)
    stopped_at = checkpoint_of(first, 3)
    hand_back(first, stopped_at)
    second = claim_one()
    hand_back(second)

    assert second.checkpoint == claim_one().checkpoint == stopped_at


def test_a_checkpoint_that_may_have_failed_the_job_is_not_used_again(account_id: UUID, submit: Submit) -> None:
    """After a failure past its own checkpoint the next attempt resumes; if that fails at once, the third starts over."""
    job_id = submit(account_id)
    first = claim_one()
    kept = name(first, 4)
    fail(first.id)
    make_available(job_id)
    second = claim_one()
    fail(second.id)
    make_available(job_id)

    assert second.checkpoint == kept
    assert claim_one().checkpoint is None


def test_checkpoints_without_an_unfinished_job_are_swept(
    servers: LocalStack, account_id: UUID, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old checkpoints of waiting and running jobs stay, however their attempts ended; those that no row names, and those
    of jobs that have ended, go; and what is left breaks no rule.
    """
    for _ in range(4):
        submit(account_id)
    waiting, running, done, cancelled = claim_one(), claim_one(), claim_one(), claim_one()
    owned = {name(attempt, 4).storage_key for attempt in (waiting, running)}
    unowned = {name(attempt, 4).storage_key for attempt in (done, cancelled)}
    hand_back(waiting)
    succeed(done)
    hand_back(cancelled)
    cancel(account_id, cancelled.job_id)
    unowned |= {checkpoint_of(waiting, 2).storage_key, "checkpoints/what is this"}
    for key in owned | unowned:
        bucket().put(key, b"latents", media_type="application/octet-stream", sha256="0" * 64)

    delete_orphans()
    assert owned | unowned <= {key for key, _ in bucket().list_objects("checkpoints/")}, "the grace is not over"

    in_a_minute = datetime.now(UTC) + timedelta(minutes=1)
    monkeypatch.setattr("worker.maintenance.delete_orphans._end_of_grace", lambda: in_a_minute)
    delete_orphans()

    left = {key for key, _ in bucket().list_objects("checkpoints/")}
    assert owned <= left
    assert not unowned & left
    with transaction() as session:
        named = list_all_owned_checkpoints(session)
    violations = list_object_violations({}, orphan_grace_seconds=-60, checkpoints=named)
    assert not [violation for violation in violations if violation.subject in owned]
    assert {violation.subject for violation in list_object_violations({}, orphan_grace_seconds=-60)} >= owned
