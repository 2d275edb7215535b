"""How many jobs an account may have waiting: past that its submits are refused."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.errors import TooManyQueuedJobs
from core.jobs.account_queue import count_jobs, lock_queue
from core.jobs.status import JobStatus
from core.jobs.tables import AccountQueue


def take_room(session: Session, *, account_id: UUID, limit: int) -> None:
    """Make sure that the account may have one more job waiting. Raises TooManyQueuedJobs.

    Submits of one account wait for each other here, until the transaction ends. The waiting jobs are counted only
    when there may be no room left: what is free after a count is room for as many submits. Jobs that come back to the
    queue for another attempt are not refused, so there can be a few more.
    """
    room = lock_queue(session, account_id)
    # More room than the limit: it was lowered since the count.
    if room < 0 or room >= limit:
        waiting = count_jobs(session, account_id, JobStatus.QUEUED, up_to=limit)
        if waiting >= limit:
            raise TooManyQueuedJobs.of(limit)
        session.execute(
            update(AccountQueue).where(AccountQueue.account_id == account_id).values(room=limit - waiting - 1)
        )
