"""How deep the queues are, and how long their oldest job has waited."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import extract, func, select
from sqlalchemy.orm import Session

from core.jobs.status import JobStatus
from core.jobs.tables import Job, PoolClock


@dataclass(frozen=True)
class PoolFigures:
    """One pool's queue at this moment."""

    pool: str
    queued: int
    running: int
    #: Seconds since the oldest claimable job became available; 0 where there is none.
    oldest_wait_seconds: float


def read_queue_figures(session: Session) -> list[PoolFigures]:
    """The figures of every pool that ever had a job."""
    is_queued = Job.status == JobStatus.QUEUED
    oldest_at = func.min(Job.available_at).filter(is_queued)
    rows = session.execute(
        select(
            PoolClock.pool,
            func.count().filter(is_queued),
            func.count().filter(Job.status == JobStatus.RUNNING),
            func.coalesce(extract("epoch", func.now() - oldest_at), 0),
        )
        .join(Job, (Job.pool == PoolClock.pool) & Job.status.in_([JobStatus.QUEUED, JobStatus.RUNNING]), isouter=True)
        .group_by(PoolClock.pool)
    )
    return [PoolFigures(pool, queued, running, max(0.0, float(wait))) for pool, queued, running, wait in rows]
