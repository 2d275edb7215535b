"""Cancel a job: at once while it waits, at its next denoising step while it runs."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.errors import JobFinished
from core.jobs.outcomes.end_job import end_job
from core.jobs.queue.fair_queue import refund_virtual_time
from core.jobs.status import JobStatus
from core.jobs.tables import Job
from core.jobs.views.read_jobs import describe_absence


def cancel_job(session: Session, *, account_id: UUID, job_id: UUID) -> Job:
    """Cancels the job, or (while it runs) asks its worker to stop: from here on it cannot succeed any more. Returns the job.

    Cancelling a cancelled job changes nothing. Raises JobNotFound, JobDeleted, and JobFinished for one that ended otherwise.
    """
    job = session.scalars(
        select(Job).where(Job.id == job_id, Job.account_id == account_id, Job.deleted_at.is_(None)).with_for_update()
    ).one_or_none()
    if job is None:
        raise describe_absence(session, account_id=account_id, job_id=job_id)
    if job.status in {JobStatus.SUCCEEDED, JobStatus.FAILED}:
        raise JobFinished

    if job.status == JobStatus.QUEUED:
        job.cancel_requested_at = func.now()
        end_job(session, job, JobStatus.CANCELLED)
        if job.started_at is None:
            weight = session.execute(select(Account.weight).where(Account.id == account_id)).scalar_one()
            refund_virtual_time(
                session, account_id=account_id, weight=weight, pool=job.pool, cost=job.cost, priority=job.priority
            )
    elif job.status == JobStatus.RUNNING and job.cancel_requested_at is None:
        job.cancel_requested_at = func.now()
        session.flush()
    return job
