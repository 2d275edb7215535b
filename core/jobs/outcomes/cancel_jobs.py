"""Cancel many jobs of an account, those that a filter wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.database import fetch_all, transaction
from core.errors import JobDeleted, JobFinished, JobNotFound
from core.jobs.outcomes.cancel import cancel_job
from core.jobs.selection.job_filter import JobFilter
from core.jobs.selection.select_ids import SelectedId, select_ids
from core.jobs.status import JobStatus
from core.live_events.sender import get_event_sender

# As literals, for the index of an account's jobs by status. A queued job's request to be cancelled ends it at once.
_CANCELLABLE = "job.status IN ('queued', 'running') AND job.cancel_requested_at IS NULL"


@dataclass(frozen=True)
class CancelledJobs:
    """What became of the jobs: those that waited are cancelled, those that ran stop at their next step."""

    cancelled: list[UUID]
    stopping: list[UUID]
    #: Whether the filter wants more jobs that can be cancelled.
    has_more: bool


def cancel_jobs(wanted: JobFilter, *, account_id: UUID, limit: int) -> CancelledJobs:
    """Cancels up to `limit` jobs of the account, the oldest first, each in a transaction of its own. A job that ends at the same
    moment is left as it is. Streams and workers hear of it.
    """
    selection = select_ids(wanted, account_id=account_id, limit=limit + 1, order="asc", also=(_CANCELLABLE,))
    with transaction() as session:
        ids = fetch_all(
            session.connection(), selection.query, selection.parameters, into=SelectedId, plan_for_values=True
        )
    done: dict[JobStatus, list[UUID]] = {JobStatus.CANCELLED: [], JobStatus.RUNNING: []}
    for (job_id,) in ids[:limit]:
        try:
            with transaction() as session:
                job = cancel_job(session, account_id=account_id, job_id=job_id)
        except (JobFinished, JobDeleted, JobNotFound):
            continue
        done[JobStatus(job.status)].append(job_id)
    _announce(account_id, cancelled=done[JobStatus.CANCELLED], stopping=done[JobStatus.RUNNING])
    return CancelledJobs(done[JobStatus.CANCELLED], done[JobStatus.RUNNING], has_more=len(ids) > limit)


def _announce(account_id: UUID, *, cancelled: Sequence[UUID], stopping: Sequence[UUID]) -> None:
    events = get_event_sender()
    for job_id in (*cancelled, *stopping):
        events.announce(account_id, job_id)
    for job_id in stopping:
        events.announce_cancel(job_id)
