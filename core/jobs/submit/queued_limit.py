"""How many jobs an account may have waiting: past that its submits are refused."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.errors import TooManyQueuedJobs
from core.jobs.queue.account_slots import count_jobs, lock_slots
from core.jobs.status import JobStatus
from core.jobs.tables import AccountQueue


@dataclass(frozen=True)
class AccountShare:
    """What the account may have of the service."""

    weight: float
    #: Its own limit; None: what the settings say.
    max_running_jobs: int | None
    #: How long its images and its jobs are kept; None: what the settings say.
    artifact_retention_seconds: int | None
    job_retention_seconds: int | None


def take_slot(session: Session, *, account_id: UUID, max_queued_jobs: int) -> AccountShare:
    """Make sure that the account may have one more job waiting (`max_queued_jobs`: of an account without a limit of its
    own), and tell its share. Raises TooManyQueuedJobs.

    Submits of one account wait for each other here, until the transaction ends. The waiting jobs are counted only
    when there may be no room left: what is free after a count is room for as many submits, until the limit changes. Jobs
    that come back to the queue for another attempt are not refused, so there can be a few more.
    """
    account = lock_slots(session, account_id)
    limit = max_queued_jobs if account.max_queued_jobs is None else account.max_queued_jobs
    if account.room < 0 or account.room_limit != limit:
        waiting = count_jobs(session, account_id, JobStatus.QUEUED, up_to=limit)
        if waiting >= limit:
            raise TooManyQueuedJobs.of(limit)
        session.execute(
            update(AccountQueue)
            .where(AccountQueue.account_id == account_id)
            .values(room=limit - waiting - 1, room_limit=limit)
        )
    return AccountShare(
        weight=account.weight,
        max_running_jobs=account.max_running_jobs,
        artifact_retention_seconds=account.artifact_retention_seconds,
        job_retention_seconds=account.job_retention_seconds,
    )
