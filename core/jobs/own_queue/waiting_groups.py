"""What waits now, by pool and model, and why. Other accounts' jobs are counted and not shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.jobs.own_queue.shared_reading import SharedReading
from core.jobs.priority import NORMAL
from core.jobs.queue.outlook import PoolOutlook, find_outlook
from core.jobs.status import JobStatus
from core.jobs.views.queue_view import WaitingReason, explain

#: Jobs of each pool, and of the account, are counted up to here.
COUNTED_UP_TO = 10_000

_ALL = text("""
SELECT clock.pool, waiting.model, count(*) AS jobs
FROM pool_clocks AS clock CROSS JOIN LATERAL (
    -- The order is what makes PostgreSQL read the index.
    SELECT model FROM jobs WHERE jobs.pool = clock.pool AND status = 'queued'
    ORDER BY priority, fair_position, id LIMIT :up_to
) AS waiting
GROUP BY clock.pool, waiting.model
""")

_MINE = text("""
SELECT pool, model, count(*) AS jobs, min(priority) AS priority, bool_or(paused) AS account_is_paused
FROM (
    SELECT pool, model, priority, (SELECT paused_at IS NOT NULL FROM accounts WHERE id = :account_id) AS paused
    FROM jobs WHERE account_id = :account_id AND status = 'queued' LIMIT :up_to
) AS waiting
GROUP BY pool, model
""")


class _Mine(NamedTuple):
    jobs: int = 0
    #: The lowest: what holds that job holds all of them.
    priority: int = NORMAL
    account_is_paused: bool = False


@dataclass(frozen=True)
class WaitingGroup:
    """The queued jobs of one model in one pool, counted up to 10,000."""

    pool: str
    model: str
    mine: int
    all: int
    #: Why the account's own wait, or where it has none, why those of others do.
    reason: WaitingReason
    message: str


@dataclass(frozen=True)
class _FirstJob:
    """Stands for the first job of a group."""

    pool: str
    model: str
    priority: int
    account_is_paused: bool
    available_at: datetime

    status: ClassVar[str] = JobStatus.QUEUED
    cost: ClassVar[float] = 0.0
    attempts_used: ClassVar[int] = 0
    request: ClassVar[dict[str, Any]] = {}
    jobs_before: ClassVar[int | None] = 0


_everybodys = SharedReading[dict[tuple[str, str], int]](seconds=1.0)


def list_waiting_groups(session: Session, *, account_id: UUID) -> list[WaitingGroup]:
    """The groups by pool and model; what other accounts have in them is up to a second old."""
    bounds = {"up_to": COUNTED_UP_TO}
    mine = {
        (row.pool, row.model): _Mine(row.jobs, row.priority, row.account_is_paused)
        for row in session.execute(_MINE, bounds | {"account_id": account_id})
    }
    everybodys = _everybodys.get(
        lambda: {(row.pool, row.model): row.jobs for row in session.execute(_ALL, bounds)},
    )
    return [
        _describe(session, *group, mine.get(group, _Mine()), everybodys.get(group, 0))
        for group in sorted({*mine, *everybodys})
    ]


def forget_everybodys() -> None:
    """What other accounts have waiting is read anew."""
    _everybodys.forget()


def _describe(session: Session, pool: str, model: str, mine: _Mine, jobs: int) -> WaitingGroup:
    outlook = find_outlook(session, pool)
    first = _FirstJob(pool, model, mine.priority, mine.account_is_paused, datetime.now(UTC))
    reason, message = explain(first, outlook, delay=0.0)
    if reason == "waiting_for_worker":
        message = _explain_turn(outlook, pool)
    return WaitingGroup(pool, model, mine.jobs, max(jobs, mine.jobs), reason, message)


def _explain_turn(outlook: PoolOutlook, pool: str) -> str:
    workers = f"{outlook.workers} worker{'s take' if outlook.workers != 1 else ' takes'}"
    return f"{workers} the jobs of the pool {pool!r} in fair order."
