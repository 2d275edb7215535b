"""The places of many queued jobs, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, literal_column

from core.database import compile_fragment, fetch_all
from core.jobs.events.event import JobEvent
from core.jobs.queue.queue_position import count_before


class _Place(NamedTuple):
    id: UUID
    position: int


def read_places(connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, int]:
    """For each of the jobs that is queued the number of queued jobs before it, counted up to 1,000."""
    rows = fetch_all(connection, _build_statement(), {"job_ids": list(job_ids)}, into=_Place)
    return {row.id: row.position for row in rows}


def build_place_event(job_id: UUID, number: int, position: int) -> JobEvent:
    """A job's place in its queue, as an event with this number."""
    return JobEvent(job_id, number, "position", {"position": position})


@cache
def _build_statement() -> str:
    counted = compile_fragment(
        count_before(
            pool=literal_column("job.pool"),
            priority=literal_column("job.priority"),
            fair_position=literal_column("job.fair_position"),
            job_id=literal_column("job.id"),
        )
    )
    return f"""
SELECT job.id, ({counted}) AS position
FROM jobs AS job WHERE job.id = ANY(%(job_ids)s) AND job.status = 'queued' AND job.deleted_at IS NULL
"""  # noqa: S608  (names of ours)
