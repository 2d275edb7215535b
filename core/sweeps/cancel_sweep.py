"""Cancel a sweep as a whole: its queued jobs end at once, its running ones at their next denoising step."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from core.database import transaction
from core.doorbell import DELIVER_NEXT, END_SWEEPS, SWEEPS_QUEUE, WEBHOOK_QUEUE, get_doorbell
from core.errors import SweepFinished
from core.fault_points import fault_point
from core.jobs.outcomes.cancel_jobs import cancel_jobs
from core.jobs.selection.job_filter import JobFilter
from core.jobs.status import JobStatus
from core.jobs.tables import Job
from core.sweeps.read_sweeps import lock_sweep, read_sweep
from core.sweeps.record_finish import record_finish
from core.sweeps.sweep_view import SweepView
from core.sweeps.tables import ENDED, Sweep, SweepStatus

#: More cells than any sweep has.
_ALL = 1_000


def cancel_sweep(*, account_id: UUID, sweep_id: UUID) -> SweepView:
    """Cancels the sweep: none of its jobs that has not ended can succeed any more. A draft ends at once, with its one event; a sweep
    that runs ends when its last job has stopped. Cancelling twice changes nothing. Raises SweepNotFound, SweepDeleted, and
    SweepFinished for one whose jobs have all ended.
    """
    with transaction() as session:
        sweep = lock_sweep(session, account_id=account_id, sweep_id=sweep_id)
        if sweep.status == SweepStatus.FINISHED or (
            sweep.status == SweepStatus.RUNNING
            and sweep.cancel_requested_at is None
            and not _has_work(session, sweep_id)
        ):
            raise SweepFinished
        if sweep.status not in ENDED and sweep.cancel_requested_at is None:
            sweep.cancel_requested_at = func.clock_timestamp()
            if sweep.status == SweepStatus.DRAFT:
                _end_draft(session, sweep)
        status = sweep.status
        session.flush()
    fault_point("after_sweep_cancel_requested")
    if status == SweepStatus.RUNNING:
        cancel_cells(account_id=account_id, sweep_id=sweep_id)
    elif status == SweepStatus.CANCELLED:
        get_doorbell().ring_soon(WEBHOOK_QUEUE, DELIVER_NEXT)
    with transaction() as session:
        return read_sweep(session, account_id=account_id, sweep_id=sweep_id)


def cancel_cells(*, account_id: UUID, sweep_id: UUID) -> None:
    """Cancels the jobs of a sweep whose cancel is committed: those that run first, so that they stop at their next step
    while the others are still being cancelled.
    """
    for statuses in ([JobStatus.RUNNING], [JobStatus.QUEUED, JobStatus.RUNNING]):
        cancel_jobs(JobFilter(sweep_id=sweep_id, statuses=statuses), account_id=account_id, limit=_ALL)
    get_doorbell().ring_soon(SWEEPS_QUEUE, END_SWEEPS)
    get_doorbell().ring_soon(WEBHOOK_QUEUE, DELIVER_NEXT)


def list_half_cancelled(session: Session) -> list[tuple[UUID, UUID]]:
    """Account and id of the sweeps whose cancel is committed, but not of all their jobs: a process died in between."""
    rest = exists().where(Job.sweep_id == Sweep.id, Job.finished_at.is_(None), Job.cancel_requested_at.is_(None))
    rows = session.execute(
        select(Sweep.account_id, Sweep.id)
        .where(Sweep.status == SweepStatus.RUNNING, Sweep.cancel_requested_at.is_not(None), rest)
        .limit(_ALL)
    )
    return [(account_id, sweep_id) for account_id, sweep_id in rows]


def _has_work(session: Session, sweep_id: UUID) -> bool:
    unfinished = exists().where(Job.sweep_id == sweep_id, Job.finished_at.is_(None))
    return bool(session.execute(select(unfinished)).scalar_one())


def _end_draft(session: Session, sweep: Sweep) -> None:
    sweep.status = SweepStatus.CANCELLED
    sweep.finished_at = func.clock_timestamp()
    sweep.counts = {}
    record_finish(session, sweep)
