"""Read one job, or a page of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import JobDeleted, JobNotFound
from core.ids import format_id
from core.jobs.retention.deletion_receipts import find_job_deletion
from core.jobs.status import JobStatus
from core.jobs.tables import Job


@dataclass(frozen=True)
class JobPage:
    """Jobs, newest first, and the id that the next page starts after (None on the last page)."""

    jobs: list[Job]
    next_after: UUID | None


def get_job(session: Session, *, account_id: UUID, job_id: UUID) -> Job:
    """Returns the account's job. Raises JobNotFound, the same whether it is another account's or there is none, and
    JobDeleted.
    """
    job = session.scalars(
        select(Job).where(Job.id == job_id, Job.account_id == account_id, Job.deleted_at.is_(None))
    ).one_or_none()
    if job is None:
        raise describe_absence(session, account_id=account_id, job_id=job_id)
    return job


def describe_absence(session: Session, *, account_id: UUID, job_id: UUID) -> JobDeleted | JobNotFound:
    """Returns the error that says why the account has no such job."""
    deletion = find_job_deletion(session, account_id=account_id, job_id=job_id)
    return JobNotFound() if deletion is None else JobDeleted.with_receipt(format_id("del", deletion.id))


def list_jobs(
    session: Session, *, account_id: UUID, statuses: Collection[JobStatus], after: UUID | None, limit: int
) -> JobPage:
    """Returns the account's jobs, newest first, of the given statuses (of all, if none is given), older than `after`."""
    query = (
        select(Job)
        .where(Job.account_id == account_id, Job.deleted_at.is_(None))
        .order_by(Job.id.desc())
        .limit(limit + 1)
    )
    if statuses:
        query = query.where(Job.status.in_(list(statuses)))
    if after is not None:
        query = query.where(Job.id < after)
    jobs = list(session.scalars(query))
    has_more = len(jobs) > limit
    jobs = jobs[:limit]
    return JobPage(jobs=jobs, next_after=jobs[-1].id if has_more else None)
