"""The sweep's database half: take jobs back from attempts whose lease ran out, and count the work nobody was told of."""

from __future__ import annotations

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.ids import format_id
from core.jobs.failures import Failure, FailureCode
from core.jobs.finish import settle_failed_attempt
from core.jobs.status import AttemptStatus, JobStatus
from core.jobs.tables import Job, JobAttempt, PoolClock

_log = structlog.get_logger()

_LEASE_EXPIRED = Failure(
    FailureCode.LEASE_EXPIRED, "The worker that rendered the job stopped answering, and no attempt is left."
)


def rescue_expired(session: Session, *, at_most: int = 100) -> list[Job]:
    """Requeue (or end) the jobs whose lease has run out, and tell which they were.

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
    rescued = []
    for job, attempt in rows:
        job_id = job.id
        try:
            with session.begin_nested():
                settle_failed_attempt(session, job, attempt, AttemptStatus.EXPIRED, _LEASE_EXPIRED)
        except Exception:  # noqa: BLE001
            # One job that cannot be settled must not keep all others from being rescued.
            _log.exception("job_not_rescued", job_id=format_id("job", job_id))
        else:
            rescued.append(job)
    return rescued


def count_claimable(session: Session, *, at_most: int) -> dict[str, int]:
    """How many jobs a worker could claim now, by pool, each counted up to a bound."""
    pools = session.scalars(select(PoolClock.pool)).all()
    return {pool: _count_claimable_in(session, pool, at_most) for pool in pools}


def _count_claimable_in(session: Session, pool: str, at_most: int) -> int:
    claimable = (
        select(Job.id)
        .where(Job.pool == pool, Job.status == JobStatus.QUEUED, Job.available_at <= func.now())
        .limit(at_most)
        .subquery()
    )
    return session.execute(select(func.count()).select_from(claimable)).scalar_one()
