"""The lease of an attempt, on the database's clock: renew it, and lock what it allows to be written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, not_, or_, select, update
from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.database import seconds_from_now
from core.errors import LeaseLost
from core.jobs.attempts.checkpoints import StoredCheckpoint
from core.jobs.queue.time_left import has_time_left
from core.jobs.status import AttemptStatus, JobStatus
from core.jobs.tables import Job, JobAttempt
from core.pools.pauses import is_paused


@dataclass(frozen=True)
class Renewal:
    """What a worker learns from renewing its lease."""

    cancel_requested: bool
    #: Whether the job's time is over.
    deadline_passed: bool
    #: Whether the job is to be put back into the queue: it is paused.
    is_paused: bool


# In the statements themselves, so that a plan that is kept can use the indexes for what runs.
_JOB_RUNS = literal(JobStatus.RUNNING.value, literal_execute=True)
_ATTEMPT_RUNS = literal(AttemptStatus.RUNNING.value, literal_execute=True)


def holds_job(job: Any, attempt: Any) -> ColumnElement[bool]:
    """Builds the condition that both run and the attempt (`JobAttempt`, or an alias of it) is the job's current one."""
    return and_(
        attempt.job_id == job.id,
        job.current_attempt_id == attempt.id,
        attempt.status == _ATTEMPT_RUNS,
        job.status == _JOB_RUNS,
    )


def is_leased(lease_expires_at: Any) -> ColumnElement[bool]:
    """Builds the condition that the lease has time left, by the database's clock at that moment."""
    condition: ColumnElement[bool] = lease_expires_at > func.clock_timestamp()
    return condition


def renew_lease(
    session: Session,
    *,
    attempt_id: UUID,
    step: int,
    lease_seconds: float,
    checkpoint: StoredCheckpoint | None = None,
) -> Renewal:
    """Renews the lease and records the step that was reached; a checkpoint becomes the job's. Raises LeaseLost if the lease
    has run out.
    """
    named = {} if checkpoint is None else {"checkpoint": checkpoint.describe()}
    job_id = session.execute(
        update(JobAttempt)
        .where(
            JobAttempt.id == attempt_id,
            JobAttempt.status == AttemptStatus.RUNNING,
            is_leased(JobAttempt.lease_expires_at),
        )
        .values(
            lease_expires_at=seconds_from_now(lease_seconds), heartbeat_at=func.clock_timestamp(), step=step, **named
        )
        .returning(JobAttempt.job_id)
    ).scalar_one_or_none()
    if job_id is None:
        raise LeaseLost

    puts_back = exists().where(
        Account.id == Job.account_id, Account.paused_at.is_not(None), Account.puts_back_running.is_(True)
    )
    cancel_requested, deadline_passed, paused = session.execute(
        select(
            Job.cancel_requested_at.is_not(None),
            not_(has_time_left(Job.deadline_at)),
            or_(is_paused(Job.pool, Job.model), puts_back.correlate_except(Account)),
        ).where(Job.id == job_id)
    ).one()
    return Renewal(cancel_requested=cancel_requested, deadline_passed=deadline_passed, is_paused=paused)


def lock_leased(session: Session, *, attempt_id: UUID) -> tuple[Job, JobAttempt]:
    """Locks and returns the job and its attempt until the transaction ends: the fence before every outcome.

    Locks the job first and the attempt second, as every statement does. Raises LeaseLost unless the attempt is the job's
    current one, runs, and has time left on its lease.
    """
    job = session.scalars(
        select(Job)
        .where(Job.id == select(JobAttempt.job_id).where(JobAttempt.id == attempt_id).scalar_subquery())
        .with_for_update()
    ).one_or_none()
    attempt = session.scalars(
        select(JobAttempt)
        .join(Job, holds_job(Job, JobAttempt))
        .where(JobAttempt.id == attempt_id, is_leased(JobAttempt.lease_expires_at))
        .with_for_update(of=JobAttempt)
    ).one_or_none()
    if job is None or attempt is None:
        raise LeaseLost
    return job, attempt
