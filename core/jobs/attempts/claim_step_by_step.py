"""The long way of a claim, right by itself: choose a job, decide whether its account may run it, open an attempt, and announce the start
to a webhook that asks for it.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from core.jobs.attempts.affinity import (
    PAUSED_LIMIT,
    ClaimableJob,
    LockedJob,
    Preference,
    choose_first,
    choose_preferred,
)
from core.jobs.attempts.claimed_attempt import ClaimedAttempt, build_claimed_attempt
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.attempts.open_attempt import open_attempt
from core.jobs.queue.paused_jobs import set_aside_paused
from core.jobs.queue.running_limit import hold_jobs, may_run
from core.jobs.tables import Job
from core.jobs.views.build_view import build_job_views
from core.webhooks.job_starts import record_start


class Decision(NamedTuple):
    """What the long way came to."""

    #: None: no job can be claimed.
    attempt: ClaimedAttempt | None
    #: The accounts whose jobs were held, with their limits.
    held: dict[UUID, int]
    #: A webhook is to be called for the start.
    is_announced: bool = False


def claim_step_by_step(session: Session, worker: ClaimingWorker) -> Decision:
    """Opens an attempt of the job that suits the worker best among those that can be claimed. The jobs of an account that
    runs as many as it may are held until one of its running ones ends; those that are paused are set aside until they are
    resumed, and if the whole pool is paused nothing is claimed.

    A running job that ends before the caller commits does not see that others are held: so the caller commits, and calls
    `release_up_to` for each account in `held`.
    """
    held: dict[UUID, int] = {}
    while (chosen := _choose(session, worker.pool, worker.prefer)) is not None:
        job = chosen.job
        if job.own_limit == PAUSED_LIMIT:
            if not set_aside_paused(session, job_id=job.id, account_id=job.account_id, pool=job.pool, model=job.model):
                return Decision(None, held)
            continue
        limit = worker.max_running_jobs if job.own_limit is None else job.own_limit
        if limit is None or may_run(session, account_id=job.account_id, limit=limit):
            opened = open_attempt(session, chosen, worker_id=worker.worker_id, lease_seconds=worker.lease_seconds)
            if job.announces_start:
                _announce_start(session, job)
            return Decision(build_claimed_attempt(session, opened), held, job.announces_start)
        hold_jobs(session, job_id=job.id, account_id=job.account_id)
        held[job.account_id] = limit
    return Decision(None, held)


def _announce_start(session: Session, job: ClaimableJob) -> None:
    [view] = build_job_views(session, [session.get_one(Job, job.id, populate_existing=True)], with_urls=False)
    record_start(
        session, account_id=job.account_id, job_id=job.id, request_id=job.request_id, data=view.model_dump_json()
    )


def _choose(session: Session, pool: str, prefer: Preference | None) -> LockedJob | None:
    if prefer is not None and not prefer.is_empty:
        chosen = choose_preferred(session, pool=pool, prefer=prefer)
        if chosen is not None:
            return chosen
    # Also if others hold all the rows that were looked at: there may be more behind them.
    return choose_first(session, pool=pool)
