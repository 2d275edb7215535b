"""The slots that an account has in the queue, and the row at which its submits take turns.

`lock_slots` and `TAKE_FREE_SLOT` are twins: the one is the long way's, the other the short way's. A test compares them.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database import fetch_one
from core.jobs.priority import HELD
from core.jobs.status import JobStatus
from core.jobs.tables import Job

_LOCK = """
    INSERT INTO account_queues AS queue (account_id, room) VALUES (%(account_id)s, -1)
    ON CONFLICT (account_id) DO UPDATE SET room = queue.room - 1
    RETURNING
        room AS slots_left,
        room_limit AS counted_for_limit,
        (SELECT weight FROM accounts WHERE id = %(account_id)s) AS weight,
        (SELECT max_queued_jobs FROM accounts WHERE id = %(account_id)s) AS max_queued_jobs,
        (SELECT max_running_jobs FROM accounts WHERE id = %(account_id)s) AS max_running_jobs,
        (SELECT artifact_retention_seconds FROM accounts WHERE id = %(account_id)s) AS artifact_retention_seconds,
        (SELECT job_retention_seconds FROM accounts WHERE id = %(account_id)s) AS job_retention_seconds
"""

#: Takes a slot and returns the account's weight, if a slot is known to be free and the account has no limit on its running
#: jobs: then neither its jobs have to be counted, nor is there a decision on holding this one.
TAKE_FREE_SLOT = """
    UPDATE account_queues AS queue SET room = queue.room - 1 FROM accounts AS account
    WHERE queue.account_id = %(account_id)s AND account.id = queue.account_id
    AND queue.room > 0 AND queue.room_limit = coalesce(account.max_queued_jobs, %(max_queued_jobs)s)
    AND account.max_running_jobs IS NULL
"""


class AccountSlots(NamedTuple):
    """An account's slots, and what else a submit has to know of it."""

    #: Slots that are known to be free, less the one that this caller takes; negative: count the jobs that wait.
    slots_left: int
    #: The limit under which the slots were counted.
    counted_for_limit: int
    weight: float
    #: Its own limits and retention; None: what the settings say.
    max_queued_jobs: int | None
    max_running_jobs: int | None
    artifact_retention_seconds: int | None
    job_retention_seconds: int | None


def count_jobs(session: Session, account_id: UUID, status: JobStatus, *, up_to: int, is_claimable: bool = False) -> int:
    """Returns the number of the account's jobs of that status (of those that are queued: only of those that can be
    claimed), counted up to a bound.
    """
    rows = select(Job.id).where(Job.account_id == account_id, Job.status == status)
    if is_claimable:
        rows = rows.where(Job.priority < HELD, Job.available_at <= func.now())
    return session.execute(select(func.count()).select_from(rows.limit(up_to).subquery())).scalar_one()


def lock_slots(session: Session, account_id: UUID) -> AccountSlots:
    """Takes one of the account's slots, and locks the row until the transaction ends."""
    slots = fetch_one(session.connection(), _LOCK, {"account_id": account_id}, into=AccountSlots)
    if slots is None:
        raise AssertionError("a row that was just written has come back")
    return slots
