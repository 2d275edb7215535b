"""The number of jobs before a queued one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, literal, select, tuple_
from sqlalchemy.orm import aliased

from core.jobs.status import JobStatus
from core.jobs.tables import Job

#: Positions are counted up to here, so that reading a job stays cheap in a queue of millions.
COUNTED_UP_TO = 1_000

_QUEUED = literal(JobStatus.QUEUED.value, literal_execute=True)


def count_before(*, pool: Any, priority: Any, fair_position: Any, job_id: Any) -> Select[int]:
    """Builds the query that counts the jobs before one. The arguments are its values, or the columns that hold them."""
    before = aliased(Job, name="before")
    rows = (
        select(before.id)
        .where(
            before.pool == pool,
            before.status == _QUEUED,
            tuple_(before.priority, before.fair_position, before.id) < tuple_(priority, fair_position, job_id),
        )
        # The order is what makes PostgreSQL use the index: otherwise it may expect to find as many rows soon anywhere.
        .order_by(before.priority, before.fair_position, before.id)
        .limit(literal(COUNTED_UP_TO, literal_execute=True))
        .subquery("counted")
    )
    return select(func.count()).select_from(rows)
