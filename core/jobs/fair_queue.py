"""Start-time fair queueing: where in the queue a new job stands.

Each account's work is laid end to end in virtual time, so an account that sends a thousand jobs stands a thousand
jobs deep, and another account's first job goes beside its first. After Goyal, Vin and Cheng, "Start-time Fair
Queueing" (1996).
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.jobs.tables import AccountClock, PoolClock


def take_fair_position(session: Session, *, account_id: UUID, weight: float, pool: str, cost: float) -> float:
    """The virtual time at which the job may start, after all the account sent before it.

    Submits of one account wait for each other here, until the transaction ends.
    """
    virtual_time = session.scalar(select(PoolClock.virtual_time).where(PoolClock.pool == pool))
    if virtual_time is None:
        session.execute(insert(PoolClock).values(pool=pool).on_conflict_do_nothing())
        virtual_time = 0.0
    length = cost / weight
    virtual_finish = session.execute(
        insert(AccountClock)
        .values(account_id=account_id, pool=pool, virtual_finish=virtual_time + length)
        .on_conflict_do_update(
            index_elements=[AccountClock.account_id, AccountClock.pool],
            set_={"virtual_finish": func.greatest(AccountClock.virtual_finish, virtual_time) + length},
        )
        .returning(AccountClock.virtual_finish)
    ).scalar_one()
    return virtual_finish - length


def give_back_turn(session: Session, *, account_id: UUID, weight: float, pool: str, cost: float) -> None:
    """A job of the account was cancelled before it started: what it would have taken does not count."""
    virtual_time = select(PoolClock.virtual_time).where(PoolClock.pool == pool).scalar_subquery()
    session.execute(
        update(AccountClock)
        .where(AccountClock.account_id == account_id, AccountClock.pool == pool)
        .values(virtual_finish=func.greatest(virtual_time, AccountClock.virtual_finish - cost / weight))
    )


def advance_pool_clock(session: Session, *, pool: str, fair_position: float) -> None:
    """The pool has come to this position. Workers that claim at the same moment do not wait for each other: the one
    that finds the clock taken leaves it, for the other's position is as good.
    """
    behind = (
        select(PoolClock.pool)
        .where(PoolClock.pool == pool, PoolClock.virtual_time < fair_position)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    session.execute(update(PoolClock).where(PoolClock.pool == behind).values(virtual_time=fair_position))
