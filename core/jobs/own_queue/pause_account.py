"""Pause and resume the jobs of an account, as the account itself asks for."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.jobs.priority import PAUSED
from core.jobs.queue.account_slots import count_jobs
from core.jobs.queue.paused_jobs import AT_ONCE, bring_back, set_aside
from core.jobs.queue.running_limit import release_up_to
from core.jobs.status import JobStatus
from core.jobs.tables import Job

#: Jobs are counted up to here.
COUNTED_UP_TO = 10_000


class AccountsQueue(NamedTuple):
    """An account's queue as it stands."""

    #: None: it is not paused.
    paused_at: datetime | None
    #: Whether the pause puts its running jobs back.
    puts_back_running: bool
    #: Jobs, counted up to 10,000.
    queued: int
    running: int


def pause_account(session: Session, *, account_id: UUID, puts_back_running: bool) -> AccountsQueue:
    """From the commit on no job of the account starts. Its running jobs go on, or are put back with a checkpoint: their workers
    see it at their next heartbeat. Pausing twice changes only what becomes of the running ones.
    """
    session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(paused_at=func.coalesce(Account.paused_at, func.now()), puts_back_running=puts_back_running)
    )
    while set_aside(session, Job.account_id == account_id) == AT_ONCE:
        continue
    return read_queue(session, account_id=account_id)


def resume_account(session: Session, *, account_id: UUID, max_running_jobs: int | None) -> AccountsQueue:
    """Lets the account's jobs start again, in the places that they had. Resuming twice changes nothing. `max_running_jobs`
    holds for accounts without a limit of their own.
    """
    own_limit = session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(paused_at=None, puts_back_running=False)
        .returning(Account.max_running_jobs)
    ).scalar_one()
    while bring_back(session, and_(Job.account_id == account_id, Job.priority >= PAUSED)) == AT_ONCE:
        continue
    release_up_to(session, account_id=account_id, limit=max_running_jobs if own_limit is None else own_limit)
    return read_queue(session, account_id=account_id)


def read_queue(session: Session, *, account_id: UUID) -> AccountsQueue:
    """Returns the account's queue as it stands."""
    paused_at, puts_back = session.execute(
        select(Account.paused_at, Account.puts_back_running).where(Account.id == account_id)
    ).one()
    queued, running = (
        count_jobs(session, account_id, status, up_to=COUNTED_UP_TO) for status in (JobStatus.QUEUED, JobStatus.RUNNING)
    )
    return AccountsQueue(paused_at, puts_back, queued, running)


def list_waiting_pools(session: Session, *, account_id: UUID) -> list[str]:
    """Returns the pools that the account has jobs waiting in: those to ring for when it resumes."""
    waiting = (
        select(Job.pool).where(Job.account_id == account_id, Job.status == JobStatus.QUEUED).limit(AT_ONCE).subquery()
    )
    return sorted(session.scalars(select(waiting.c.pool).distinct()))
