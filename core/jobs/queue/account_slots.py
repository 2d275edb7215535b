"""One account's jobs, counted cheaply, and the row that its submits take turns at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database import fetch_one
from core.jobs.queue.priority import HELD
from core.jobs.status import JobStatus
from core.jobs.tables import Job

_LOCK = """
    INSERT INTO account_queues AS queue (account_id, room) VALUES (%(account_id)s, -1)
    ON CONFLICT (account_id) DO UPDATE SET room = queue.room - 1
    RETURNING
        room,
        room_limit,
        (SELECT weight FROM accounts WHERE id = %(account_id)s) AS weight,
        (SELECT max_queued_jobs FROM accounts WHERE id = %(account_id)s) AS max_queued_jobs,
        (SELECT max_running_jobs FROM accounts WHERE id = %(account_id)s) AS max_running_jobs,
        (SELECT artifact_retention_seconds FROM accounts WHERE id = %(account_id)s) AS artifact_retention_seconds,
        (SELECT job_retention_seconds FROM accounts WHERE id = %(account_id)s) AS job_retention_seconds
"""


def count_jobs(session: Session, account_id: UUID, status: JobStatus, *, up_to: int, is_claimable: bool = False) -> int:
    """The account's jobs of that status (of those that wait: only those that can be claimed), counted up to a bound."""
    rows = select(Job.id).where(Job.account_id == account_id, Job.status == status)
    if is_claimable:
        rows = rows.where(Job.priority < HELD, Job.available_at <= func.now())
    return session.execute(select(func.count()).select_from(rows.limit(up_to).subquery())).scalar_one()


def lock_slots(session: Session, account_id: UUID) -> Any:
    """The account's `room`, less one for this caller, and the `room_limit` that it was counted under, with its `weight`,
    its limits and its retention, in one question. The row is locked until the transaction ends.
    """
    return fetch_one(session.connection(), _LOCK, {"account_id": account_id})
