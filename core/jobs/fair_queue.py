"""Start-time fair queueing: where in the queue a new job stands.

Each account's work is laid end to end in virtual time, so an account that sends a thousand jobs stands a thousand
jobs deep, and another account's first job goes beside its first. After Goyal, Vin and Cheng, "Start-time Fair
Queueing" (1996).

Each priority has a virtual time of its own: a job that goes before all others says nothing about how far they have come.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.jobs.priority import HELD, NORMAL, PRIORITIES
from core.jobs.tables import AccountClock, PoolClock


def take_fair_position(
    session: Session, *, account_id: UUID, weight: float, pool: str, cost: float, priority: int = NORMAL
) -> float:
    """The virtual time at which the job may start, after all that the account sent before it at its priority.

    Submits of one account wait for each other here, until the transaction ends.
    """
    time_of_pool, finish_of_account = _clocks(priority)
    virtual_time = session.scalar(select(time_of_pool).where(PoolClock.pool == pool))
    if virtual_time is None:
        session.execute(insert(PoolClock).values(pool=pool).on_conflict_do_nothing())
        virtual_time = 0.0
    length = cost / weight
    virtual_finish = session.execute(
        insert(AccountClock)
        .values({"account_id": account_id, "pool": pool, finish_of_account.key: virtual_time + length})
        .on_conflict_do_update(
            index_elements=[AccountClock.account_id, AccountClock.pool],
            set_={finish_of_account.key: func.greatest(finish_of_account, virtual_time) + length},
        )
        .returning(finish_of_account)
    ).scalar_one()
    return virtual_finish - length


def give_back_turn(
    session: Session, *, account_id: UUID, weight: float, pool: str, cost: float, priority: int = NORMAL
) -> None:
    """A job of the account has ended before it started: what it would have taken does not count."""
    time_of_pool, finish_of_account = _clocks(priority)
    virtual_time = select(time_of_pool).where(PoolClock.pool == pool).scalar_subquery()
    session.execute(
        update(AccountClock)
        .where(AccountClock.account_id == account_id, AccountClock.pool == pool)
        .values({finish_of_account: func.greatest(virtual_time, finish_of_account - cost / weight)})
    )


def advance_pool_clock(session: Session, *, pool: str, fair_position: float, priority: int = NORMAL) -> None:
    """The pool has come to this position. Workers that claim at the same moment do not wait for each other: the one
    that finds the clock taken leaves it, for the other's position is as good.
    """
    time_of_pool, _ = _clocks(priority)
    behind = (
        select(PoolClock.pool)
        .where(PoolClock.pool == pool, time_of_pool < fair_position)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    session.execute(update(PoolClock).where(PoolClock.pool == behind).values({time_of_pool: fair_position}))


def _clocks(priority: int) -> tuple[InstrumentedAttribute[float], InstrumentedAttribute[float]]:
    """Where a priority's virtual time stands: the pool's, and the account's in it."""
    match priority % HELD:
        case number if number == PRIORITIES["high"]:
            return PoolClock.virtual_time_high, AccountClock.virtual_finish_high
        case number if number == PRIORITIES["low"]:
            return PoolClock.virtual_time_low, AccountClock.virtual_finish_low
        case _:
            return PoolClock.virtual_time, AccountClock.virtual_finish
