"""A job's time: the moments by which its sender wants it started and ended, and what happens when they have passed."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.ids import format_id
from core.jobs.failures import Failure, FailureCode
from core.jobs.outcomes.end_job import end_job
from core.jobs.queue.fair_queue import refund_virtual_time
from core.jobs.status import JobStatus
from core.jobs.tables import Job

NOT_STARTED_IN_TIME = Failure(
    FailureCode.START_DEADLINE_EXCEEDED, "No worker was free to start the job before its start deadline."
)
NOT_ENDED_IN_TIME = Failure(FailureCode.DEADLINE_EXCEEDED, "The job had not ended by its deadline.")

_log = structlog.get_logger()


def is_over(session: Session, job: Job, *, in_seconds: float = 0) -> bool:
    """Whether the job's deadline has passed by the database's clock, or will have passed in that many seconds."""
    if job.deadline_at is None:
        return False
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return job.deadline_at <= now + timedelta(seconds=in_seconds)


def fail_overdue_queued(session: Session, *, at_most: int = 100) -> list[Job]:
    """Fails the queued jobs whose time is over, and returns them.

    Safe to run twice at once: rows that another sweep, a claim or a cancel holds are left to it.
    """
    # now() and not clock_timestamp(), which changes from row to row and so cannot be looked up in an index.
    too_late_to_start = and_(Job.started_at.is_(None), Job.start_deadline_at <= func.now())
    too_late_to_end = and_(Job.finished_at.is_(None), Job.deadline_at <= func.now())
    failed: list[Job] = []
    for condition, failure in ((too_late_to_start, NOT_STARTED_IN_TIME), (too_late_to_end, NOT_ENDED_IN_TIME)):
        jobs = session.scalars(
            select(Job)
            .where(Job.status == JobStatus.QUEUED, condition)
            .limit(at_most)
            .with_for_update(skip_locked=True)
        ).all()
        failed += [job for job in jobs if _fail(session, job, failure)]
    _refund_virtual_time(session, [job for job in failed if job.started_at is None])
    return failed


def _fail(session: Session, job: Job, failure: Failure) -> bool:
    job_id = job.id
    try:
        with session.begin_nested():
            job.failure_code = failure.code
            job.failure_message = failure.message
            end_job(session, job, JobStatus.FAILED)
    except Exception:  # noqa: BLE001
        # One job that cannot be ended must not keep all others waiting.
        _log.exception("job_not_ended", job_id=format_id("job", job_id))
        return False
    return True


def _refund_virtual_time(session: Session, jobs: list[Job]) -> None:
    if not jobs:
        return
    # Last, since submits of the account wait from here on; and always in this order, so that two sweeps do not wait for
    # each other.
    costs: dict[tuple[UUID, str, int], float] = {}
    for job in jobs:
        key = (job.account_id, job.pool, job.priority)
        costs[key] = costs.get(key, 0.0) + job.cost
    weights = dict(
        session.execute(select(Account.id, Account.weight).where(Account.id.in_({key[0] for key in costs}))).all()
    )
    for (account_id, pool, priority), cost in sorted(costs.items()):
        refund_virtual_time(
            session, account_id=account_id, weight=weights[account_id], pool=pool, cost=cost, priority=priority
        )
