"""The sweep: rescue jobs whose lease has expired, end jobs whose deadline has passed, forget workers that have died,
ring again for work whose ring was lost, and make jobs of lines of batches as queues empty.

Safe to run twice, at once or in a row: a row is rescued once, and a ring too many finds nothing to claim.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog

from core.batches.submit_lines import submit_waiting
from core.database import transaction
from core.doorbell import (
    DELIVER_NEXT,
    END_SWEEPS,
    FETCH_NEXT,
    FETCH_QUEUE,
    RENDER_NEXT,
    SWEEPS_QUEUE,
    WEBHOOK_QUEUE,
    get_doorbell,
    render_queue,
)
from core.ids import format_id
from core.jobs.failures import FailureCode
from core.jobs.fetches.claim_fetch import count_due_fetches
from core.jobs.outcomes.deadlines import fail_overdue_queued
from core.jobs.outcomes.rescue import fail_overdue_running, rescue_expired
from core.jobs.queue.claimable import count_claimable
from core.jobs.queue.paused_jobs import bring_back_resumed
from core.jobs.queue.running_limit import release_where_allowed
from core.jobs.tables import Job
from core.live_events.sender import get_event_sender
from core.metrics import ATTEMPTS_FINISHED, JOBS_OVERDUE, JOBS_RESCUED
from core.pools.presence import remove_dead
from core.settings import get_settings
from core.sweeps.cancel_sweep import cancel_cells, list_half_cancelled
from core.sweeps.end_sweep import count_due_sweeps
from core.webhooks.claim_delivery import count_due_deliveries

#: Jobs that one transaction ends.
_BATCH = 100

#: The most rings that one sweep sends to one queue; the next sweep sends the rest.
_MOST_RINGS = 500

#: Seconds for the lines of batches for which there is a slot by now; the next sweep makes jobs of more.
_BATCH_SECONDS = 1.0

_log = structlog.get_logger()


def sweep() -> None:
    """One sweep."""
    _rescue()
    for end in (fail_overdue_queued, fail_overdue_running):
        _end_overdue(end)
    settings = get_settings()
    with transaction() as session:
        bring_back_resumed(session)
    with transaction() as session:
        release_where_allowed(session, max_running_jobs=settings.account_max_running_jobs)
    _remove_dead_workers()

    with transaction() as session:
        claimable = count_claimable(session, at_most=_MOST_RINGS)
        due = count_due_deliveries(session, at_most=_MOST_RINGS)
        fetches = count_due_fetches(session, at_most=_MOST_RINGS)
        sweeps = count_due_sweeps(session, at_most=_MOST_RINGS)
        half_cancelled = list_half_cancelled(session)
    for pool, jobs in claimable.items():
        _ring_for(render_queue(pool), RENDER_NEXT, wanted=jobs)
    _ring_for(WEBHOOK_QUEUE, DELIVER_NEXT, wanted=due)
    _ring_for(FETCH_QUEUE, FETCH_NEXT, wanted=fetches)
    _ring_for(SWEEPS_QUEUE, END_SWEEPS, wanted=sweeps)
    for account_id, sweep_id in half_cancelled:
        cancel_cells(account_id=account_id, sweep_id=sweep_id)
    submit_waiting(seconds=_BATCH_SECONDS)


def _remove_dead_workers() -> None:
    with transaction() as session:
        removed = remove_dead(session)
    for worker_id in removed:
        _log.warning("worker_gone", worker_id=worker_id)


def _rescue() -> None:
    with transaction() as session:
        rescued = rescue_expired(session)
    for job in rescued:
        JOBS_RESCUED.inc()
        get_event_sender().announce(job.account_id, job.id)
        ATTEMPTS_FINISHED.labels(job.status, FailureCode.LEASE_EXPIRED).inc()
        _log.warning("job_rescued", **_log_fields(job))


def _end_overdue(end: Callable[..., list[Job]]) -> None:
    """End all jobs whose deadline has passed, in batches, so that no transaction is long. After the time between two sweeps
    it stops, and the next sweep does the rest.
    """
    gives_up_at = time.monotonic() + get_settings().sweep_seconds
    while time.monotonic() < gives_up_at:
        with transaction() as session:
            ended = end(session, at_most=_BATCH)
        for job in ended:
            JOBS_OVERDUE.labels(job.failure_code or "").inc()
            get_event_sender().announce(job.account_id, job.id)
            _log.info("job_overdue", failure_code=job.failure_code, **_log_fields(job))
        if len(ended) < _BATCH:
            return


def _log_fields(job: Job) -> dict[str, Any]:
    return {
        "account_id": format_id("acc", job.account_id),
        "job_id": format_id("job", job.id),
        "request_id": job.request_id,
        "status": job.status,
        "attempts_used": job.attempts_used,
    }


def _ring_for(queue: str, task: str, *, wanted: int) -> None:
    """Add messages to the queue until there is one for each piece of work (`wanted`)."""
    if wanted == 0:
        return
    doorbell = get_doorbell()
    waiting = doorbell.count_waiting(queue)
    if waiting is None or waiting >= wanted:
        return
    if doorbell.ring(queue, task, times=wanted - waiting):
        _log.info("doorbell_rung_again", queue=queue, times=wanted - waiting)
