"""How deep the queues are, and how long their oldest job has waited, at a price that does not grow with them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.jobs.priority import HELD

#: Queued jobs are counted up to here, and the oldest is looked for among as many of the next ones.
QUEUED_UP_TO = 100_000
OLDEST_OF = 10_000

# An account's jobs stand in the order in which they came, and accounts stand side by side: the oldest of all is an
# account's first, and not far behind. What an account's own limit holds back is no sign of too few workers.
_QUEUES = text("""
SELECT
    pool,
    (
        SELECT count(*) FROM (
            -- The order is what makes PostgreSQL read the index alone.
            SELECT FROM jobs WHERE jobs.pool = pool_clocks.pool AND status = 'queued'
            ORDER BY priority, fair_position, id LIMIT :queued_up_to
        ) AS queued
    ) AS queued,
    (
        SELECT extract(epoch FROM now() - min(available_at)) FROM (
            SELECT available_at FROM jobs
            WHERE jobs.pool = pool_clocks.pool AND status = 'queued' AND priority < :held
            ORDER BY priority, fair_position, id LIMIT :oldest_of
        ) AS next
    ) AS oldest_wait_seconds
FROM pool_clocks
""")

# As many as there are workers, through the index of running jobs.
_RUNNING = text("SELECT pool, count(*) FROM jobs WHERE status = 'running' GROUP BY pool")


@dataclass(frozen=True)
class PoolFigures:
    """One pool's queue at this moment."""

    pool: str
    #: At most QUEUED_UP_TO.
    queued: int
    running: int
    #: Seconds since the oldest claimable job (of the next OLDEST_OF) became available; 0 where there is none.
    oldest_wait_seconds: float


def read_queue_figures(session: Session) -> list[PoolFigures]:
    """The figures of every pool that ever had a job."""
    running: dict[str, int] = dict(session.execute(_RUNNING).tuples().all())
    bounds = {"queued_up_to": QUEUED_UP_TO, "oldest_of": OLDEST_OF, "held": HELD}
    return [
        PoolFigures(
            pool=row.pool,
            queued=row.queued,
            running=running.get(row.pool, 0),
            # A job that waits for its next attempt becomes available in the future.
            oldest_wait_seconds=max(0.0, float(row.oldest_wait_seconds or 0)),
        )
        for row in session.execute(_QUEUES, bounds)
    ]
