"""How many jobs an account may have running: beyond that its next ones wait, while others' jobs pass them.

A job that waits for another one of its account is held: `HELD` is added to its priority, which takes it out of the sight
of every claim. Each end of a job releases the account's next one. Holding jobs only makes claims cheap: the limit itself
is kept at the claim, by counting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.errors import LockNotAvailable
from sqlalchemy import ColumnElement, Select, exists, func, literal, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.jobs.priority import HELD, PAUSED
from core.jobs.queue.account_slots import count_jobs
from core.jobs.status import JobStatus
from core.jobs.tables import Job

# In the statement itself, so that a plan that is kept can use the index for what is held, and knows that one row is wanted.
_QUEUED = literal(JobStatus.QUEUED.value, literal_execute=True)
_HELD = literal(HELD, literal_execute=True)
_PAUSED = literal(PAUSED, literal_execute=True)
_ONE = literal(1, literal_execute=True)

#: Rows that one statement changes at most.
_AT_ONCE = 1_000

#: How long a claim waits for its account's other claims, which take milliseconds: one that takes longer has frozen.
_TURN_PATIENCE = "500ms"


def may_run(session: Session, *, account_id: UUID, limit: int) -> bool:
    """Whether the account may have one more job running. If it may, its claims wait for each other until the transaction
    ends. If one of them does not end, it may not: jobs of other accounts do not wait for that.
    """
    if runs_all_it_may(session, account_id=account_id, limit=limit):
        return False
    turn = session.begin_nested()
    if not _lock_turn(session, account_id):
        turn.rollback()
        return False
    if runs_all_it_may(session, account_id=account_id, limit=limit):
        # Release the lock: a claim that waits for another account's turn while it holds this one may wait for ever.
        turn.rollback()
        return False
    turn.commit()
    return True


def _lock_turn(session: Session, account_id: UUID) -> bool:
    """Locks the account's row, for which nothing else but a new limit waits. Returns False if other claims hold it for
    too long.
    """
    session.execute(select(func.set_config("lock_timeout", _TURN_PATIENCE, True)))
    try:
        session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        return False
    return True


def runs_all_it_may(session: Session, *, account_id: UUID, limit: int) -> bool:
    """Whether the account has as many jobs running as it may, as far as that is committed."""
    return count_jobs(session, account_id, JobStatus.RUNNING, up_to=limit) >= limit


def hold_jobs(session: Session, *, job_id: UUID, account_id: UUID) -> None:
    """Takes the job, whose row the caller has locked, and the account's other ones out of the sight of claims."""
    others = session.scalars(
        select(Job.id)
        .where(Job.account_id == account_id, Job.status == JobStatus.QUEUED, Job.priority < HELD, Job.id != job_id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    _move(session, [job_id, *others], by=HELD)


def has_held_jobs(account_id: Any) -> ColumnElement[bool]:
    """Builds the condition that any job of the account, a value or a column, is held."""
    # Not EXISTS: the order is what makes PostgreSQL use the index. Otherwise it may expect to find a row soon anywhere.
    return _held(account_id).limit(_ONE).correlate_except(Job).scalar_subquery().is_not(None)


def release_next(session: Session, *, account_id: UUID) -> None:
    """Releases the first of the account's held jobs, since another one has ended: it can be claimed."""
    first = _held(account_id).limit(1).with_for_update(skip_locked=True).scalar_subquery()
    session.execute(
        update(Job).where(Job.id == first).values(priority=Job.priority - HELD),
        execution_options={"synchronize_session": False},
    )


def release_where_allowed(session: Session, *, max_running_jobs: int | None) -> int:
    """Releases jobs that are held for no reason: a limit was raised, or a job was held while the last one ended. Returns
    how many. `max_running_jobs` holds for accounts without a limit of their own.
    """
    accounts = session.execute(
        select(Account.id, Account.max_running_jobs).where(
            exists().where(
                Job.account_id == Account.id,
                Job.status == JobStatus.QUEUED,
                Job.priority >= HELD,
                Job.priority < PAUSED,
            )
        )
    ).all()
    return sum(
        release_up_to(session, account_id=account_id, limit=max_running_jobs if limit is None else limit)
        for account_id, limit in accounts
    )


def release_up_to(session: Session, *, account_id: UUID, limit: int | None) -> int:
    """Releases as many of the account's held jobs as its limit has places for, and returns how many."""
    places = _AT_ONCE
    if limit is not None:
        places = limit - count_jobs(session, account_id, JobStatus.RUNNING, up_to=limit)
        if places > 0:
            # Reads the held jobs as well, so it is counted only if the number matters.
            places -= count_jobs(session, account_id, JobStatus.QUEUED, up_to=limit, is_claimable=True)
    if places <= 0:
        return 0
    ids = session.scalars(_held(account_id).limit(places).with_for_update(skip_locked=True)).all()
    _move(session, ids, by=-HELD)
    return len(ids)


def _held(account_id: Any) -> Select[UUID]:
    return (
        select(Job.id)
        .where(
            Job.account_id == account_id,
            Job.status == _QUEUED,
            Job.priority >= _HELD,
            Job.priority < _PAUSED,
            # A job that waits for its next attempt must not be released instead of one that can start.
            Job.available_at <= func.now(),
        )
        .order_by(Job.priority, Job.fair_position, Job.id)
    )


def _move(session: Session, job_ids: Sequence[UUID], *, by: int) -> None:
    session.execute(
        update(Job).where(Job.id.in_(job_ids)).values(priority=Job.priority + by),
        execution_options={"synchronize_session": False},
    )
