"""A job on its way into the queue: plain values, since most submits need nothing of SQLAlchemy's but a connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID


@dataclass
class NewJob:
    """What is written into its row. The names are the columns', which `tables.py` explains."""

    id: UUID
    account_id: UUID
    task: str
    model: str
    model_revision: str
    request: dict[str, Any]
    seed: int
    metadata: dict[str, str]
    warnings: list[str]
    cost: float
    pool: str
    priority: int
    max_attempts: int
    retention_seconds: int | None
    request_id: str
    #: Seconds from now by which it must have started, and have ended; None: whenever.
    start_deadline_seconds: int | None
    deadline_seconds: int | None


class QueuePlace(NamedTuple):
    """What the database chose as it wrote the row."""

    created_at: datetime
    start_deadline_at: datetime | None
    deadline_at: datetime | None
    #: Queued jobs before this one, counted up to 1,000.
    jobs_before: int


@dataclass(frozen=True)
class QueuedJob:
    """A job whose row is written."""

    job: NewJob
    place: QueuePlace

    @property
    def id(self) -> UUID:
        return self.job.id
