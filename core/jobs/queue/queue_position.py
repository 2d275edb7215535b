"""How many jobs stand before a queued one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from core.jobs.status import JobStatus
from core.jobs.tables import Job

#: Positions are counted up to here, so that reading a job stays cheap in a queue of millions.
COUNTED_UP_TO = 1_000


def find_queue_positions(session: Session, jobs: Sequence[Job]) -> dict[UUID, int]:
    """For each job that is queued, the number of queued jobs of its pool that go before it (at most 1,000)."""
    return {job.id: _count_before(session, job) for job in jobs if job.status == JobStatus.QUEUED}


def _count_before(session: Session, job: Job) -> int:
    before = (
        select(Job.id)
        .where(
            Job.pool == job.pool,
            Job.status == JobStatus.QUEUED,
            tuple_(Job.priority, Job.fair_position, Job.id) < tuple_(job.priority, job.fair_position, job.id),
        )
        .limit(COUNTED_UP_TO)
        .subquery()
    )
    return session.execute(select(func.count()).select_from(before)).scalar_one()
