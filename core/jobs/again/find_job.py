"""The job that another is to be made from."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import JobNotKept
from core.jobs.status import FINISHED
from core.jobs.tables import Job
from core.jobs.views.read_jobs import describe_absence


def get_own_job(session: Session, *, account_id: UUID, job_id: UUID) -> Job:
    """The account's job. Raises JobNotFound, the same whether it is another account's or there is none, and JobDeleted."""
    job = session.scalars(
        select(Job).where(Job.id == job_id, Job.account_id == account_id, Job.deleted_at.is_(None))
    ).one_or_none()
    if job is None:
        raise describe_absence(session, account_id=account_id, job_id=job_id)
    return job


def check_kept(job: Job) -> None:
    """Raises JobNotKept if the job has ended and its content is not to be kept."""
    if job.store is False and job.status in FINISHED:
        raise JobNotKept
