"""Read and cancel jobs, whichever client sent them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from api.authentication import current_account_id
from api.jobs.blueprint import JobPath
from api.jobs.cancel_job import cancel_and_announce
from core.database import read_with_one_retry
from core.doorbell import DELIVER_NEXT, WEBHOOK_QUEUE, get_doorbell
from core.ids import format_id, parse_id
from core.jobs.outcomes.cancel_jobs import cancel_jobs
from core.jobs.selection.job_filter import JobFilter
from core.jobs.status import JobStatus
from core.jobs.views import list_jobs
from core.jobs.views.build_view import show_row
from core.jobs.views.job_view import JobView
from core.jobs.views.read_jobs import read_job
from core.jobs.views.select_rows import LISTED_FIELDS

#: Jobs in one transaction.
_CANCELLED_AT_A_TIME = 25


class JobPage(NamedTuple):
    """Jobs, newest first, and where the next page starts; None on the last one."""

    jobs: list[JobView]
    next_cursor: str | None


def find_job(job_id: str) -> JobView:
    """The account's job, as it stands. Raises JobNotFound, also for a text that is no id of a job, and JobDeleted."""
    id_ = JobPath(job_id=job_id).parse()
    return show_row(
        read_with_one_retry(lambda connection: read_job(connection, account_id=current_account_id(), job_id=id_))
    )


def cancel_job(job_id: str) -> JobView:
    """The account's job, which is cancelled, or is going to be at its next step. Raises JobNotFound, JobDeleted, and JobFinished."""
    return cancel_and_announce(JobPath(job_id=job_id).parse())


def cancel_queued(model: str, *, seconds: float) -> tuple[int, bool]:
    """Cancels the account's jobs of the model that wait, for so long; returns how many, and whether there are more."""
    wanted = JobFilter(statuses=(JobStatus.QUEUED,), models=(model,))
    until = time.monotonic() + seconds
    cancelled, has_more = 0, True
    while has_more and time.monotonic() < until:
        done = cancel_jobs(wanted, account_id=current_account_id(), limit=_CANCELLED_AT_A_TIME)
        cancelled, has_more = cancelled + len(done.cancelled), done.has_more
    if cancelled:
        get_doorbell().ring_soon(WEBHOOK_QUEUE, DELIVER_NEXT)
    return cancelled, has_more


def list_newest(
    *,
    limit: int,
    cursor: str | None = None,
    statuses: tuple[JobStatus, ...] = (),
    created_after: datetime | None = None,
    created_before: datetime | None = None,
    metadata: Mapping[str, str] = MappingProxyType({}),
) -> JobPage:
    """A page of the account's jobs. A cursor that is none of ours starts from the first."""
    wanted = JobFilter(statuses=statuses, created_after=created_after, created_before=created_before, metadata=metadata)
    page = read_with_one_retry(
        lambda connection: list_jobs.list_jobs(
            connection,
            wanted,
            account_id=current_account_id(),
            limit=limit,
            after=parse_id("cur", cursor or ""),
            fields=LISTED_FIELDS,
        )
    )
    after = None if page.next_after is None else format_id("cur", page.next_after)
    return JobPage([show_row(row) for row in page.jobs], after)
