"""Build the views of jobs from what a read found, or from rows that were just written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy.orm import Session

from core.jobs.queue.outlook import PoolOutlook, find_outlook, find_outlook_alone
from core.jobs.tables import Job
from core.jobs.views.assemble_view import assemble_view
from core.jobs.views.job_row import JobRow
from core.jobs.views.job_view import JobView
from core.jobs.views.queue_view import build_queue_view
from core.jobs.views.read_jobs import read_jobs
from core.jobs.views.select_rows import ALL_FIELDS


def show_row(
    row: JobRow,
    *,
    with_urls: bool = True,
    fields: frozenset[str] = ALL_FIELDS,
    find_outlook: Callable[[str], PoolOutlook] = find_outlook_alone,
) -> JobView:
    """Returns the view of a job as a read found it, with fresh download addresses. With fewer fields it has only these, and it
    is for an answer: it is not checked.

    Without URLs (as events are stored) the download addresses are null: they are signed when they are sent. `find_outlook` finds
    a pool's outlook, for a caller that holds a connection.
    """
    return assemble_view(
        row,
        row.attempt,
        row.inputs,
        row.outputs,
        queue=lambda: build_queue_view(row, row.attempt, find_outlook),
        with_urls=with_urls,
        fields=fields,
    )


def build_job_view(session: Session, job: Job) -> JobView:
    """Returns the view of one job of the session's transaction, with fresh download addresses."""
    return build_job_views(session, [job])[0]


def build_job_views(
    session: Session, jobs: Sequence[Job], *, with_urls: bool = True, read: frozenset[str] = ALL_FIELDS
) -> list[JobView]:
    """Returns the views of the jobs, in their order, with what the session's transaction has written. What only other fields
    than `read` need is null.
    """
    session.flush()
    rows = read_jobs(session.connection(), [job.id for job in jobs], fields=read)
    outlook = partial(find_outlook, session)
    return [show_row(rows[job.id], with_urls=with_urls, find_outlook=outlook) for job in jobs]
