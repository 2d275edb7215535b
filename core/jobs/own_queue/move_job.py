"""Move a queued job to the front or the end of its account's own jobs; jobs of others keep their places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.errors import JobNotQueued
from core.jobs.priority import HELD
from core.jobs.status import JobStatus
from core.jobs.tables import Job
from core.jobs.views.read_jobs import describe_absence

End = Literal["front", "end"]

#: Jobs of the account that are moved at most. A deeper queue is sorted among the nearest ones.
MOST = 10_000


def move_job(session: Session, *, account_id: UUID, job_id: UUID, to: End) -> Job:
    """Moves a queued job before or behind all others of its account in the same pool and priority: they exchange the fair
    positions that the account has. So the account's turn comes neither sooner nor more often, and no job of another account
    is passed. Returns the job. Raises JobNotFound, JobDeleted, and JobNotQueued for one that runs or has ended.
    """
    job = session.scalars(
        select(Job).where(Job.id == job_id, Job.account_id == account_id, Job.deleted_at.is_(None)).with_for_update()
    ).one_or_none()
    if job is None:
        raise describe_absence(session, account_id=account_id, job_id=job_id)
    if job.status != JobStatus.QUEUED:
        raise JobNotQueued
    moved = _exchange_positions(session, job, to=to)
    if moved:
        session.execute(update(Job), [{"id": id_, "fair_position": position} for id_, position in moved.items()])
        session.refresh(job)
    return job


def _exchange_positions(session: Session, job: Job, *, to: End) -> dict[UUID, float]:
    own = session.execute(
        select(Job.id, Job.fair_position)
        .where(
            Job.account_id == job.account_id,
            Job.status == JobStatus.QUEUED,
            Job.pool == job.pool,
            Job.priority % HELD == job.priority % HELD,
        )
        .order_by(Job.fair_position, Job.id)
        .limit(MOST)
        # What a claim is taking has left by the time that this commits.
        .with_for_update(skip_locked=True)
    ).all()
    ids, positions = [row.id for row in own], [row.fair_position for row in own]
    if job.id not in ids:
        # It stands behind as many as are looked at.
        ids, positions = [*ids, job.id], [*positions, job.fair_position]
    return rotate(ids, positions, job.id, to=to)


def rotate(ids: Sequence[UUID], positions: Sequence[float], moved: UUID, *, to: End) -> dict[UUID, float]:
    """Returns the new position of each job whose position changes. `positions` are those of the jobs, in ascending order; the
    jobs between the moved one and its end move on by one.
    """
    order = [id_ for id_ in ids if id_ != moved]
    order = [moved, *order] if to == "front" else [*order, moved]
    settled = list(positions)
    # Jobs at the same position stand by their ids, which the new order may contradict.
    if to == "front" and len(settled) > 1 and settled[0] == settled[1]:
        settled[0] = math.nextafter(settled[0], -math.inf)
    if to == "end" and len(settled) > 1 and settled[-1] == settled[-2]:
        settled[-1] = math.nextafter(settled[-1], math.inf)
    before = dict(zip(ids, positions, strict=True))
    return {id_: position for id_, position in zip(order, settled, strict=True) if before[id_] != position}
