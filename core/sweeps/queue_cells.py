"""Queue all jobs of a sweep: in the caller's transaction, so that there are all of them or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import func, insert
from sqlalchemy.orm import Session

from core.doorbell import FETCH_NEXT, FETCH_QUEUE, RENDER_NEXT, get_doorbell, render_queue
from core.ids import format_id
from core.jobs.priority import HELD
from core.jobs.queue.running_limit import runs_all_it_may
from core.jobs.request.picture_addresses import list_addresses
from core.jobs.submit.await_pictures import await_pictures
from core.jobs.submit.insert_jobs import insert_jobs
from core.jobs.submit.queued_limit import take_slots
from core.jobs.tables import JobSource
from core.sweeps.check_cells import CheckedCell
from core.sweeps.check_sweep import sum_cost
from core.sweeps.tables import Sweep, SweepStatus

#: Rings for one pool: a worker that hears one takes all the work that it can.
_MOST_RINGS = 16


def queue_cells(session: Session, sweep: Sweep, cells: Sequence[CheckedCell]) -> None:
    """The sweep, whose row is new or locked by the caller, runs from the commit on. Raises TooManyQueuedJobs."""
    settings = cells[0].submission.settings
    slots = take_slots(
        session, account_id=sweep.account_id, max_queued_jobs=settings.account_max_queued_jobs, count=len(cells)
    )
    limit = slots.max_running_jobs or settings.account_max_running_jobs
    if limit is not None and runs_all_it_may(session, account_id=sweep.account_id, limit=limit):
        for cell in cells:
            cell.job.priority += HELD
    insert_jobs(
        session.connection(),
        [cell.job for cell in cells],
        weight=slots.weight,
        sweep_id=sweep.id,
        cells=[cell.values for cell in cells],
    )
    _keep_pictures(session, sweep, cells)
    sweep.status = SweepStatus.RUNNING
    sweep.started_at = sweep.next_try_at = func.clock_timestamp()
    sweep.row_expires_at = None
    sweep.cells, sweep.cost = len(cells), sum_cost(list(cells))
    session.flush()


def ring_for_cells(sweep: Sweep, cells: Sequence[CheckedCell]) -> None:
    """Call it after the commit."""
    doorbell = get_doorbell()
    for pool, jobs in Counter(cell.job.pool for cell in cells).items():
        for _ in range(min(jobs, _MOST_RINGS)):
            doorbell.ring_soon(
                render_queue(pool),
                RENDER_NEXT,
                pool=pool,
                rung_for=format_id("sweep", sweep.id),
                request_id=sweep.request_id,
            )
    if any(list_addresses(cell.job.request) for cell in cells):
        doorbell.ring_soon(FETCH_QUEUE, FETCH_NEXT)


def _keep_pictures(session: Session, sweep: Sweep, cells: Sequence[CheckedCell]) -> None:
    """The pictures that the jobs start from stay until they have ended; those by address are fetched first."""
    sources = [
        {"job_id": cell.job.id, "source_job_id": source, "account_id": sweep.account_id}
        for cell in cells
        for source in cell.inputs.sources
    ]
    if sources:
        session.execute(insert(JobSource), sources)
    await_pictures(session, [(cell.submission, cell.job) for cell in cells if list_addresses(cell.job.request)])
