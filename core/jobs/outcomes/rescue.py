"""The sweep's database half: take jobs back from attempts whose lease ran out or whose deadline has passed."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.ids import format_id
from core.jobs.failures import Failure, FailureCode
from core.jobs.outcomes.deadlines import NOT_ENDED_IN_TIME
from core.jobs.outcomes.record_outcome import settle_failed_attempt
from core.jobs.status import AttemptStatus, JobStatus
from core.jobs.tables import Job, JobAttempt

#: Seconds that a worker has for noticing its job's deadline and recording it.
_OVERDUE_SECONDS = 30.0

_log = structlog.get_logger()

_LEASE_EXPIRED = Failure(
    FailureCode.LEASE_EXPIRED, "The worker that rendered the job stopped answering, and no attempt is left."
)


def rescue_expired(session: Session, *, at_most: int = 100) -> list[Job]:
    """Requeues (or ends) the jobs whose lease has run out, and returns them.

    Safe to run twice at once: rows that another sweep or a finishing worker holds are left to it.
    """
    rows = session.execute(
        select(Job, JobAttempt)
        .join(JobAttempt, JobAttempt.id == Job.current_attempt_id)
        .where(
            Job.status == JobStatus.RUNNING,
            JobAttempt.status == AttemptStatus.RUNNING,
            JobAttempt.lease_expires_at <= func.clock_timestamp(),
        )
        .order_by(JobAttempt.lease_expires_at)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    ).all()
    return [job for job, attempt in rows if _settle(session, job, attempt, AttemptStatus.EXPIRED, _LEASE_EXPIRED)]


def fail_overdue_running(session: Session, *, at_most: int = 100) -> list[Job]:
    """Ends the running jobs whose deadline passed a while ago, and returns them.

    A worker ends its job by itself at the next step. This is for a job whose step takes long: its worker loses the lease.
    """
    rows = session.execute(
        select(Job, JobAttempt)
        .join(JobAttempt, JobAttempt.id == Job.current_attempt_id)
        .where(
            Job.status == JobStatus.RUNNING,
            Job.finished_at.is_(None),
            Job.deadline_at <= func.now() - timedelta(seconds=_OVERDUE_SECONDS),
            JobAttempt.status == AttemptStatus.RUNNING,
        )
        .limit(at_most)
        .with_for_update(skip_locked=True)
    ).all()
    return [job for job, attempt in rows if _settle(session, job, attempt, AttemptStatus.FAILED, NOT_ENDED_IN_TIME)]


def _settle(session: Session, job: Job, attempt: JobAttempt, status: AttemptStatus, failure: Failure) -> bool:
    job_id = job.id
    try:
        with session.begin_nested():
            settle_failed_attempt(session, job, attempt, status, failure)
    except Exception:  # noqa: BLE001
        # One job that cannot be settled must not keep all others from being rescued.
        _log.exception("job_not_rescued", job_id=format_id("job", job_id))
        return False
    return True
