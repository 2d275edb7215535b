"""How many jobs an account may have waiting: beyond that its submits are refused."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.errors import TooManyQueuedJobs
from core.jobs.queue.account_slots import AccountSlots, count_jobs, lock_slots
from core.jobs.status import JobStatus
from core.jobs.tables import AccountQueue


def take_slot(session: Session, *, account_id: UUID, max_queued_jobs: int) -> AccountSlots:
    """Takes one of the account's queue slots, and returns what a submit has to know of the account. `max_queued_jobs` holds
    for an account without a limit of its own. Raises TooManyQueuedJobs.

    Submits of one account wait for each other here, until the transaction ends. The waiting jobs are counted only if there
    may be no slot left: what is free after a count serves as many submits, until the limit changes. Jobs that come back
    to the queue for another attempt are not refused, so there can be a few more.
    """
    slots = lock_slots(session, account_id)
    limit = max_queued_jobs if slots.max_queued_jobs is None else slots.max_queued_jobs
    if slots.slots_left < 0 or slots.counted_for_limit != limit:
        waiting = count_jobs(session, account_id, JobStatus.QUEUED, up_to=limit)
        if waiting >= limit:
            raise TooManyQueuedJobs.of(limit)
        session.execute(
            update(AccountQueue)
            .where(AccountQueue.account_id == account_id)
            .values(slots_left=limit - waiting - 1, counted_for_limit=limit)
        )
    return slots
