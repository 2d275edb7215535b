"""How deep the queues are, and how long their oldest job has waited."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import extract, func, select
from sqlalchemy.orm import Session

from core.jobs.priority import HELD
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
    # Two look-ups, each through the index for its status, however many jobs have ended.
    queued = {
        pool: (count, float(wait))
        for pool, count, wait in session.execute(
            select(
                Job.pool,
                func.count(),
                # What an account's own limit holds back is no sign of too few workers.
                func.coalesce(
                    extract("epoch", func.now() - func.min(Job.available_at).filter(Job.priority < HELD)), 0.0
                ),
            )
            .where(Job.status == JobStatus.QUEUED)
            .group_by(Job.pool)
        )
    }
    running = dict(
        session.execute(select(Job.pool, func.count()).where(Job.status == JobStatus.RUNNING).group_by(Job.pool)).all()
    )
    return [
        PoolFigures(
            pool=pool,
            queued=queued.get(pool, (0, 0.0))[0],
            running=running.get(pool, 0),
            # A job that waits for its next attempt becomes available in the future.
            oldest_wait_seconds=max(0.0, queued.get(pool, (0, 0.0))[1]),
        )
        for pool in session.scalars(select(PoolClock.pool)).all()
    ]
