"""How many jobs an account may have waiting: beyond that its submits are refused."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.errors import TooManyQueuedJobs
from core.jobs.queue.account_slots import AccountSlots, count_jobs, lock_slots
from core.jobs.queue.tables import AccountQueue
from core.jobs.status import JobStatus


def take_slots(session: Session, *, account_id: UUID, max_queued_jobs: int, count: int) -> AccountSlots:
    """Takes `count` slots at once, or raises TooManyQueuedJobs; otherwise as `take_slot`."""
    slots = lock_slots(session, account_id)
    limit = max_queued_jobs if slots.max_queued_jobs is None else slots.max_queued_jobs
    left = slots.slots_left - (count - 1)
    if left < 0 or slots.counted_for_limit != limit:
        waiting = count_jobs(session, account_id, JobStatus.QUEUED, up_to=limit)
        left = limit - waiting - count
        if left < 0:
            raise TooManyQueuedJobs(
                f"The account has {waiting:,} jobs waiting and may have {limit:,}, so {count:,} more do not fit; send them when "
                "some have started."
            )
    session.execute(
        update(AccountQueue)
        .where(AccountQueue.account_id == account_id)
        .values(slots_left=left, counted_for_limit=limit)
    )
    return slots


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
