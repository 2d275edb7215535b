"""The lease of an attempt, on the database's clock: renew it, and lock what it allows to be written."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import false, func, select, update
from sqlalchemy.orm import Session

from core.database import seconds_from_now
from core.errors import LeaseLost
from core.jobs.attempts.checkpoints import StoredCheckpoint
from core.jobs.status import AttemptStatus, JobStatus
from core.jobs.tables import Job, JobAttempt


@dataclass(frozen=True)
class Renewal:
    """What a worker learns from renewing its lease."""

    cancel_requested: bool
    #: Whether the job's time is over.
    deadline_passed: bool


def renew_lease(
    session: Session,
    *,
    attempt_id: UUID,
    step: int,
    lease_seconds: float,
    checkpoint: StoredCheckpoint | None = None,
) -> Renewal:
    """Start the lease afresh and write down the step that was reached; with a checkpoint, that it is the job's now.

    Raises LeaseLost where the lease has run out.
    """
    named = {} if checkpoint is None else {"checkpoint": checkpoint.describe()}
    job_id = session.execute(
        update(JobAttempt)
        .where(
            JobAttempt.id == attempt_id,
            JobAttempt.status == AttemptStatus.RUNNING,
            JobAttempt.lease_expires_at > func.clock_timestamp(),
        )
        .values(
            lease_expires_at=seconds_from_now(lease_seconds), heartbeat_at=func.clock_timestamp(), step=step, **named
        )
        .returning(JobAttempt.job_id)
    ).scalar_one_or_none()
    if job_id is None:
        raise LeaseLost

    cancel_requested, deadline_passed = session.execute(
        select(
            Job.cancel_requested_at.is_not(None), func.coalesce(Job.deadline_at <= func.clock_timestamp(), false())
        ).where(Job.id == job_id)
    ).one()
    return Renewal(cancel_requested=cancel_requested, deadline_passed=deadline_passed)


def lock_leased(session: Session, *, attempt_id: UUID) -> tuple[Job, JobAttempt]:
    """The job and its attempt, locked until the transaction ends: the fence before every outcome.

    Locks the job first and the attempt second, as everybody does. Raises LeaseLost unless the attempt is the job's
    current one, runs, and has time left on its lease.
    """
    job = session.scalars(
        select(Job)
        .where(Job.id == select(JobAttempt.job_id).where(JobAttempt.id == attempt_id).scalar_subquery())
        .with_for_update()
    ).one_or_none()
    attempt = session.scalars(
        select(JobAttempt)
        .where(
            JobAttempt.id == attempt_id,
            JobAttempt.status == AttemptStatus.RUNNING,
            JobAttempt.lease_expires_at > func.clock_timestamp(),
        )
        .with_for_update()
    ).one_or_none()
    if job is None or attempt is None or job.status != JobStatus.RUNNING or job.current_attempt_id != attempt.id:
        raise LeaseLost
    return job, attempt
