"""A try to fetch a job's pictures failed: it is tried again later, or the job fails."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.database import seconds_from_now
from core.jobs.failures import Failure
from core.jobs.fetches.claim_fetch import ClaimedFetch
from core.jobs.fetches.complete_fetch import take_back
from core.jobs.outcomes.end_job import end_job
from core.jobs.queue.fair_queue import refund_virtual_time
from core.jobs.status import JobStatus
from core.jobs.tables import InputFetch, Job

#: Seconds from the end of a failed try to the next one; after the last of them the job fails.
_DELAYS_SECONDS = (2.0, 10.0, 60.0)


def has_tries_left(claimed: ClaimedFetch) -> bool:
    """Whether a fault that may pass by itself leads to another try."""
    return claimed.try_number <= len(_DELAYS_SECONDS)


def postpone_fetch(session: Session, claimed: ClaimedFetch) -> None:
    """Another try is due after a delay that grows with their number."""
    session.execute(
        update(InputFetch)
        .where(InputFetch.job_id == claimed.job_id, InputFetch.tries == claimed.try_number)
        .values(next_try_at=seconds_from_now(_DELAYS_SECONDS[claimed.try_number - 1]))
    )


def give_up_fetch(session: Session, claimed: ClaimedFetch, failure: Failure) -> Job | None:
    """Fails the job, and returns it; None if it has ended, or another try has overtaken this one."""
    job = take_back(session, claimed)
    if job is None:
        return None
    job.failure_code = failure.code
    job.failure_message = failure.message
    end_job(session, job, JobStatus.FAILED)
    weight = session.execute(select(Account.weight).where(Account.id == job.account_id)).scalar_one()
    refund_virtual_time(
        session, account_id=job.account_id, weight=weight, pool=job.pool, cost=job.cost, priority=job.priority
    )
    return job
