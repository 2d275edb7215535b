"""Start-time fair queueing: the clocks that give a new job its place in the queue. A submit moves its account's clock on
(`insert_job.py`), a claim its pool's (`open_attempt.py`).

Each account's work is laid end to end in virtual time, so an account that sends a thousand jobs stands a thousand
jobs deep, and another account's first job goes beside its first. After Goyal, Vin and Cheng, "Start-time Fair
Queueing" (1996).

Each priority has a virtual time of its own: a job that goes before all others says nothing about how far they have come.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.jobs.priority import HELD, NORMAL, PRIORITIES
from core.jobs.queue.tables import AccountClock, PoolClock


def refund_virtual_time(
    session: Session, *, account_id: UUID, weight: float, pool: str, cost: float, priority: int = NORMAL
) -> None:
    """Refunds an account for a job that ended before it started: its cost does not count."""
    time_of_pool, finish_of_account = _clocks(priority)
    virtual_time = select(time_of_pool).where(PoolClock.pool == pool).scalar_subquery()
    session.execute(
        update(AccountClock)
        .where(AccountClock.account_id == account_id, AccountClock.pool == pool)
        .values({finish_of_account: func.greatest(virtual_time, finish_of_account - cost / weight)})
    )


def find_next_position(session: Session, *, account_id: UUID, pool: str, priority: int) -> float:
    """Returns the fair position that the account's next job would get now."""
    time_of_pool, finish_of_account = _clocks(priority)
    virtual_time = select(time_of_pool).where(PoolClock.pool == pool).scalar_subquery()
    finish = (
        select(finish_of_account)
        .where(AccountClock.account_id == account_id, AccountClock.pool == pool)
        .scalar_subquery()
    )
    return float(session.execute(select(func.coalesce(func.greatest(virtual_time, finish), 0))).scalar_one())


def name_clocks(priority: int) -> tuple[str, str]:
    """Returns the columns of a priority's virtual time: the pool clock's and the account clock's."""
    time_of_pool, finish_of_account = _clocks(priority)
    return time_of_pool.key, finish_of_account.key


def _clocks(priority: int) -> tuple[InstrumentedAttribute[float], InstrumentedAttribute[float]]:
    """Returns the columns that hold a priority's virtual time: the pool's, and the account's in it."""
    match priority % HELD:
        case number if number == PRIORITIES["high"]:
            return PoolClock.virtual_time_high, AccountClock.virtual_finish_high
        case number if number == PRIORITIES["low"]:
            return PoolClock.virtual_time_low, AccountClock.virtual_finish_low
        case _:
            return PoolClock.virtual_time, AccountClock.virtual_finish
