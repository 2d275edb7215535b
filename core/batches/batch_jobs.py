"""The jobs of a batch: counted, read and cancelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import cast, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from core.batches.batches import LABEL, request_batch_cancel
from core.batches.tables import Batch
from core.database import read_with_one_retry, transaction
from core.doorbell import DELIVER_NEXT, WEBHOOK_QUEUE, get_doorbell
from core.ids import format_id
from core.jobs.failures import FailureCode
from core.jobs.outcomes.cancel_jobs import cancel_jobs
from core.jobs.selection.job_filter import JobFilter
from core.jobs.status import FINISHED, JobStatus
from core.jobs.tables import Job
from core.jobs.views.build_view import show_row
from core.jobs.views.job_view import JobView
from core.jobs.views.list_jobs import JobPage, list_jobs

#: Jobs that are read at a time.
_PAGE = 20

#: Jobs that are looked up at a time, to be cancelled.
_CANCELLED_AT_A_TIME = 1_000


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


def count_batch(session: Session, batch: Batch) -> BatchCounts:
    """Its jobs by their status."""
    late = (FailureCode.DEADLINE_EXCEEDED, FailureCode.START_DEADLINE_EXCEEDED)
    labels = cast(Job.metadata_, JSONB)
    rows = session.execute(
        select(Job.status, func.count(), func.count().filter(Job.failure_code.in_(late)), func.max(Job.finished_at))
        .where(Job.account_id == batch.account_id, labels.contains({LABEL: format_id("batch", batch.id)}))
        .group_by(Job.status)
    ).all()
    counts = BatchCounts(
        Counter({row[0]: row[1] for row in rows}),
        sum(row[2] for row in rows),
        max((row[3] for row in rows if row[3] is not None), default=None),
    )
    return BatchCounts(counts.by_status, counts.expired, None) if counts.unfinished else counts


def list_batch_jobs(batch: Batch) -> Iterator[JobView]:
    """All of them, in the order of their lines, a few at a time."""
    page = _read_page(batch, None)
    yield from map(show_row, page.jobs)
    while page.next_after is not None:
        page = _read_page(batch, page.next_after)
        yield from map(show_row, page.jobs)


def cancel_batch(*, account_id: UUID, batch_id: UUID) -> None:
    """No further line becomes a job, and every job that has not ended is cancelled. Raises BatchNotFound."""
    with transaction() as session:
        request_batch_cancel(session, account_id=account_id, batch_id=batch_id)
    wanted = JobFilter(statuses=(JobStatus.QUEUED, JobStatus.RUNNING), metadata={LABEL: format_id("batch", batch_id)})
    while cancel_jobs(wanted, account_id=account_id, limit=_CANCELLED_AT_A_TIME).has_more:
        pass
    get_doorbell().ring_soon(WEBHOOK_QUEUE, DELIVER_NEXT)


def _read_page(batch: Batch, after: UUID | None) -> JobPage:
    wanted = JobFilter(metadata={LABEL: format_id("batch", batch.id)})
    return read_with_one_retry(
        lambda connection: list_jobs(
            connection, wanted, account_id=batch.account_id, limit=_PAGE, order="asc", after=after
        )
    )
