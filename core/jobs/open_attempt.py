"""Open an attempt of a job that was chosen, in one statement."""

from __future__ import annotations

from functools import cache
from uuid import UUID

from sqlalchemy.orm import Session

from core.database import ask
from core.ids import new_id
from core.jobs.affinity import Chosen
from core.jobs.denoising_steps import count_denoising_steps
from core.jobs.fair_queue import name_clocks

# The pool has come to the position of the job. Workers that claim at the same moment do not wait for each other at its
# clock: the one that finds it taken leaves it, for the other's position is as good.
_OPEN = """
WITH job AS (
    UPDATE jobs
    SET status = 'running', attempts_opened = attempts_opened + 1, attempts_used = attempts_used + 1,
        current_attempt_id = %(attempt_id)s, started_at = coalesce(started_at, %(now)s)
    WHERE id = %(job_id)s
    RETURNING id, account_id, attempts_opened
), behind AS (
    SELECT pool FROM pool_clocks WHERE pool = %(pool)s AND {clock} < %(fair_position)s FOR UPDATE SKIP LOCKED
), clock AS (
    UPDATE pool_clocks SET {clock} = %(fair_position)s FROM behind WHERE pool_clocks.pool = behind.pool
)
INSERT INTO job_attempts (
    id, account_id, job_id, attempt_number, worker_id, lease_expires_at, heartbeat_at, steps, started_at
)
SELECT
    %(attempt_id)s, account_id, id, attempts_opened, %(worker_id)s,
    clock_timestamp() + make_interval(secs => %(lease_seconds)s), %(now)s, %(steps)s, %(now)s
FROM job
RETURNING attempt_number
"""


def open_attempt(session: Session, chosen: Chosen, *, worker_id: str, lease_seconds: float) -> tuple[UUID, int]:
    """The id and the number of the attempt. Its lease starts now, on the database's clock."""
    attempt_id = new_id()
    job = chosen.job
    opened = ask(
        session.connection(),
        _build_statement(job.priority),
        {
            "attempt_id": attempt_id,
            "job_id": job.id,
            "now": job.now,
            "pool": job.pool,
            "fair_position": chosen.fair_position,
            "worker_id": worker_id,
            "lease_seconds": lease_seconds,
            "steps": count_denoising_steps(job.request),
        },
    )
    return attempt_id, opened.attempt_number


@cache
def _build_statement(priority: int) -> str:
    clock, _ = name_clocks(priority)
    return _OPEN.format(clock=clock)
