"""Which jobs of a pool can be claimed now, in fair order, and how many there are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, not_, or_, select
from sqlalchemy.orm import Session

from core.jobs.priority import HELD
from core.jobs.queue.tables import PoolClock
from core.jobs.queue.time_left import has_time_left
from core.jobs.status import JobStatus
from core.jobs.tables import Job
from core.pools.pauses import is_pool_paused

# In the statement itself, so that a plan that is kept can use the indexes for what is queued, and knows that few rows are
# wanted.
_QUEUED = literal(JobStatus.QUEUED.value, literal_execute=True)
_HELD = literal(HELD, literal_execute=True)
_ONE = literal(1, literal_execute=True)


def claimable(pool: Any) -> Select[Job]:
    """Builds the query for the jobs of the pool (a name, or the parameter that holds it) that may be claimed now, in fair
    order.
    """
    return (
        select(Job)
        .where(Job.pool == pool, is_waiting(), Job.available_at <= func.now(), is_in_time())
        .order_by(Job.priority, Job.fair_position, Job.id)
    )


def is_waiting() -> ColumnElement[bool]:
    """Whether the job is queued and not held."""
    return and_(Job.status == _QUEUED, Job.priority < _HELD)


def is_in_time() -> ColumnElement[bool]:
    """Whether there is time left to start the job. One that has started before has met its start deadline for good."""
    return and_(
        or_(has_time_left(Job.start_deadline_at), Job.started_at.is_not(None)),
        has_time_left(Job.deadline_at),
    )


def has_claimable(session: Session, *, pool: str) -> bool:
    """Whether there is a job that a worker of the pool could claim now."""
    jobs = claimable(pool).where(not_(is_pool_paused(pool)))
    return session.scalars(jobs.with_only_columns(Job.id).limit(_ONE)).first() is not None


def count_claimable(session: Session, *, at_most: int) -> dict[str, int]:
    """Returns how many jobs a worker could claim now, by pool (those that are paused left out), each counted up to a bound."""
    pools = session.scalars(select(PoolClock.pool).where(not_(is_pool_paused(PoolClock.pool)))).all()
    return {pool: _count_claimable_in(session, pool, at_most) for pool in pools}


def _count_claimable_in(session: Session, pool: str, at_most: int) -> int:
    jobs = claimable(pool).with_only_columns(Job.id).limit(at_most).subquery()
    return session.execute(select(func.count()).select_from(jobs)).scalar_one()
