"""Make, read, list and cancel batches."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import cast, delete, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from core.batches.tables import Batch
from core.errors import BatchNotFound
from core.ids import format_id
from core.jobs.failures import FailureCode
from core.jobs.status import FINISHED, JobStatus
from core.jobs.tables import Job
from core.settings import get_settings

#: The label of a batch's jobs that names it.
LABEL = "batch"

#: A client that lost the answer to its request sends it again within this time.
_REPEATED_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True)
class BatchCounts:
    """What became of the jobs of a batch so far."""

    by_status: Counter[str]
    #: Of the failed ones: those whose time was over.
    expired: int
    #: When the last one ended; None: one has not.
    finished_at: datetime | None

    @property
    def unfinished(self) -> int:
        return sum(count for status, count in self.by_status.items() if JobStatus(status) not in FINISHED)


def create_batch(session: Session, batch: Batch, *, is_repeated: bool) -> Batch:
    """The batch, or with `is_repeated` the one that an earlier try of the same request made a moment ago."""
    if is_repeated:
        first = session.scalars(
            select(Batch)
            .where(
                Batch.account_id == batch.account_id,
                Batch.file_id == batch.file_id,
                Batch.endpoint == batch.endpoint,
                Batch.created_at > func.now() - _REPEATED_WITHIN,
            )
            .order_by(Batch.id.desc())
            .limit(1)
        ).one_or_none()
        if first is not None:
            return first
    session.add(batch)
    session.flush()
    session.refresh(batch)
    return batch


def get_batch(session: Session, *, account_id: UUID, batch_id: UUID, lock: bool = False) -> Batch:
    """Raises BatchNotFound."""
    query = select(Batch).where(Batch.id == batch_id, Batch.account_id == account_id)
    batch = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if batch is None:
        raise BatchNotFound
    return batch


def list_batches(session: Session, *, account_id: UUID, after: UUID | None, at_most: int) -> list[Batch]:
    """The account's, newest first, older than `after`."""
    query = select(Batch).where(Batch.account_id == account_id).order_by(Batch.id.desc()).limit(at_most)
    return list(session.scalars(query if after is None else query.where(Batch.id < after)))


def record_submitted(session: Session, batch: Batch, *, submitted: int, refused: list[dict[str, Any]]) -> None:
    """So many of its lines have become jobs, or were refused with these errors. Only ever forward: another process may have been
    faster.
    """
    row = get_batch(session, account_id=batch.account_id, batch_id=batch.id, lock=True)
    if submitted > row.submitted:
        row.submitted = submitted
        row.refused = refused
    session.flush()


def request_batch_cancel(session: Session, *, account_id: UUID, batch_id: UUID) -> Batch:
    """From now on no line of it becomes a job. Raises BatchNotFound."""
    batch = get_batch(session, account_id=account_id, batch_id=batch_id, lock=True)
    batch.cancel_requested_at = batch.cancel_requested_at or func.now()
    session.flush()
    session.refresh(batch)
    return batch


def count_batch(session: Session, batch: Batch) -> BatchCounts:
    """Its jobs by their status."""
    late = (FailureCode.DEADLINE_EXCEEDED, FailureCode.START_DEADLINE_EXCEEDED)
    rows = session.execute(
        select(
            Job.status,
            func.count(),
            func.count().filter(Job.failure_code.in_(late)),
            func.max(Job.finished_at),
        )
        .where(
            Job.account_id == batch.account_id,
            cast(Job.metadata_, JSONB).contains({LABEL: format_id("batch", batch.id)}),
        )
        .group_by(Job.status)
    ).all()
    ends = [row[3] for row in rows if row[3] is not None]
    counted = Counter({row[0]: row[1] for row in rows})
    counts = BatchCounts(counted, sum(row[2] for row in rows), max(ends, default=None))
    return counts if not counts.unfinished else BatchCounts(counted, counts.expired, None)


def prune_batches(session: Session) -> int:
    """Remove those that are as old as jobs become, and return how many."""
    seconds = get_settings().job_retention_seconds
    if not seconds:
        return 0
    removed = session.execute(
        delete(Batch).where(Batch.created_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 0, seconds))
    )
    return int(removed.rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it
