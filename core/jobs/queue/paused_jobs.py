"""Jobs that are paused: those of an account that has paused itself, of a pool, or of a model in it.

`PAUSED` is added to the priority of such a job, which takes it out of the sight of every claim. That only makes claims cheap:
that nothing paused starts is kept at the claim, which reads what is paused (`affinity.py`). So a job that comes in, or comes
back, during a pause needs no mark: the first claim that meets it sets it aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, not_, select, update
from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.jobs.priority import PAUSED
from core.jobs.status import JobStatus
from core.jobs.tables import Job
from core.pools.pauses import is_paused, is_pool_paused

#: Rows that one statement changes at most, and looks at to find others that are paused with one.
AT_ONCE = 1_000


def set_aside_paused(session: Session, *, job_id: UUID, account_id: UUID, pool: str, model: str) -> bool:
    """Takes the job, whose row the caller has locked, and others that are paused with it out of the sight of claims. Returns
    False, with nothing changed, if the whole pool is paused: then no claim needs to find others.
    """
    whole_pool, by_operator, by_account = session.execute(
        select(is_pool_paused(pool), is_paused(pool, model), _is_account_paused(account_id))
    ).one()
    if whole_pool:
        return False
    if by_account:
        set_aside(session, Job.account_id == account_id)
    if by_operator:
        set_aside(session, of_model(pool, model))
    if by_account or by_operator:
        _move(session, session.scalars(_queued(Job.id == job_id, Job.priority < PAUSED)).all(), by=PAUSED)
    return True


def set_aside(session: Session, condition: ColumnElement[bool]) -> int:
    """Takes up to 1,000 queued jobs that the condition is true of out of the sight of claims, and returns how many. Those that
    others have locked are left to the claims.
    """
    ids = session.scalars(_queued(condition, Job.priority < PAUSED).with_for_update(skip_locked=True)).all()
    _move(session, ids, by=PAUSED)
    return len(ids)


def bring_back(session: Session, condition: ColumnElement[bool]) -> int:
    """Lets claims see up to 1,000 jobs again that were set aside, and that the condition is true of. Returns how many."""
    ids = session.scalars(_queued(condition, Job.priority >= PAUSED).with_for_update(skip_locked=True)).all()
    _move(session, ids, by=-PAUSED)
    return len(ids)


def bring_back_resumed(session: Session) -> int:
    """Brings back up to 1,000 jobs that nothing pauses any more: a claim may set one aside while its pause ends."""
    stopped = exists().where(Account.id == Job.account_id, Account.paused_at.is_not(None)).correlate_except(Account)
    return bring_back(session, and_(not_(stopped), not_(is_paused(Job.pool, Job.model))))


def of_model(pool: str, model: str) -> ColumnElement[bool]:
    """Builds the condition that a job is one of the model's, and stands among the next 1,000 of its pool that claims see."""
    ahead = (
        select(Job.id, Job.model)
        .where(Job.pool == pool, Job.status == JobStatus.QUEUED, Job.priority < PAUSED)
        .order_by(Job.priority, Job.fair_position, Job.id)
        .limit(AT_ONCE)
        .subquery("ahead")
    )
    return Job.id.in_(select(ahead.c.id).where(ahead.c.model == model))


def _is_account_paused(account_id: UUID) -> ColumnElement[bool]:
    return exists().where(Account.id == account_id, Account.paused_at.is_not(None))


def _queued(*conditions: ColumnElement[bool]) -> Select[UUID]:
    # In the order of their ids: whatever locks several jobs takes them in some order, and this waits for none.
    return select(Job.id).where(Job.status == JobStatus.QUEUED, *conditions).order_by(Job.id).limit(AT_ONCE)


def _move(session: Session, job_ids: Sequence[UUID], *, by: int) -> None:
    session.execute(
        update(Job).where(Job.id.in_(job_ids)).values(priority=Job.priority + by),
        execution_options={"synchronize_session": False},
    )
