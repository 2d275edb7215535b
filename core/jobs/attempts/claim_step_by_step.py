"""The long way of a claim, right by itself: choose a job, decide whether its account may run it, and open an attempt."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core.jobs.attempts.affinity import LockedJob, Preference, choose_first, choose_preferred
from core.jobs.attempts.claimed_attempt import ClaimedAttempt, build_claimed_attempt
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.attempts.open_attempt import open_attempt
from core.jobs.queue.running_limit import hold_jobs, may_run


def claim_step_by_step(session: Session, worker: ClaimingWorker) -> ClaimedAttempt | None:
    """Opens an attempt of the job that suits the worker best among those that can be claimed, or returns None if there is
    none. The jobs of an account that runs as many as it may are held until one of them ends.
    """
    while (chosen := _choose(session, worker.pool, worker.prefer)) is not None:
        job = chosen.job
        limit = worker.max_running_jobs if job.own_limit is None else job.own_limit
        if limit is None or may_run(session, account_id=job.account_id, limit=limit):
            opened = open_attempt(session, chosen, worker_id=worker.worker_id, lease_seconds=worker.lease_seconds)
            return build_claimed_attempt(session, opened)
        hold_jobs(session, job_id=job.id, account_id=job.account_id)
    return None


def _choose(session: Session, pool: str, prefer: Preference | None) -> LockedJob | None:
    if prefer is not None and not prefer.is_empty:
        chosen = choose_preferred(session, pool=pool, prefer=prefer)
        if chosen is not None:
            return chosen
    # Also if others hold all the rows that were looked at: there may be more behind them.
    return choose_first(session, pool=pool)
