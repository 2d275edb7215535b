"""One account's jobs, counted cheaply, and the row that its submits take turns at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.jobs.priority import HELD
from core.jobs.status import JobStatus
from core.jobs.tables import AccountQueue, Job


def count_jobs(session: Session, account_id: UUID, status: JobStatus, *, up_to: int, is_claimable: bool = False) -> int:
    """The account's jobs of that status (of those that wait: only those that can be claimed), counted up to a bound."""
    rows = select(Job.id).where(Job.account_id == account_id, Job.status == status)
    if is_claimable:
        rows = rows.where(Job.priority < HELD, Job.available_at <= func.now())
    return session.execute(select(func.count()).select_from(rows.limit(up_to).subquery())).scalar_one()


def lock_queue(session: Session, account_id: UUID, *columns: Any) -> Sequence[Any]:
    """The account's room, less one for this caller, and the named columns of the account, in one question. The row is
    locked until the transaction ends.
    """
    of_account = [select(column).where(Account.id == account_id).scalar_subquery() for column in columns]
    return session.execute(
        insert(AccountQueue)
        .values(account_id=account_id, room=-1)
        .on_conflict_do_update(index_elements=[AccountQueue.account_id], set_={"room": AccountQueue.room - 1})
        .returning(AccountQueue.room, *of_account)
    ).one()
