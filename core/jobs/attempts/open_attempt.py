"""Open attempts of jobs, in one statement: of the first ones of a pool, or of one that was chosen."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache, lru_cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from core.database import CompiledQuery, fetch_all, fetch_one
from core.jobs.attempts.affinity import ClaimableJob, LockedJob, Preference, build_first
from core.jobs.priority import PRIORITIES
from core.jobs.queue.fair_queue import name_clocks
from core.jobs.request.denoising_steps import DENOISING_STEPS

# The pool has come to the position of the last job. Workers that claim at the same moment do not wait for each other at its
# clock: the one that finds it taken leaves it, for the other's position is as good.
_OPEN = """
job AS (
    UPDATE jobs
    SET status = 'running', attempts_opened = jobs.attempts_opened + 1, attempts_used = jobs.attempts_used + 1,
        current_attempt_id = chosen.attempt_id, started_at = coalesce(jobs.started_at, chosen.now)
    FROM chosen WHERE jobs.id = chosen.id
    RETURNING jobs.id, jobs.account_id, jobs.attempts_opened
), reached AS (
    SELECT pool, {reached} FROM chosen GROUP BY pool
), behind AS (
    SELECT reached.*
    FROM pool_clocks AS clock JOIN reached ON reached.pool = clock.pool
    WHERE {is_behind}
    FOR UPDATE OF clock SKIP LOCKED
), clock AS (
    UPDATE pool_clocks SET {move_on} FROM behind WHERE pool_clocks.pool = behind.pool
), attempt AS (
    INSERT INTO job_attempts (
        id, account_id, job_id, attempt_number, worker_id, lease_expires_at, heartbeat_at, step, steps, started_at
    )
    SELECT
        chosen.attempt_id, job.account_id, job.id, job.attempts_opened, %(worker_id)s,
        clock_timestamp() + make_interval(secs => %(lease_seconds)s), chosen.now,
        coalesce(chosen.resume_step, 0), coalesce(chosen.steps, {steps}), chosen.now
    FROM job JOIN chosen ON chosen.id = job.id
    RETURNING id, job_id, attempt_number, steps
)
"""

_OPEN_CHOSEN = """
WITH chosen AS (
    SELECT
        id, pool, priority, request, steps, resume_step, %(fair_position)s::double precision AS fair_position,
        %(now)s::timestamptz AS now, uuidv7() AS attempt_id
    FROM jobs WHERE id = %(job_id)s
), {open}
SELECT id AS attempt_id, attempt_number, steps FROM attempt
"""

# Order is kept: once a job is not opened, none behind it is. With a preference all have the first one's shape, for that is
# what the worker draws then.
_SAME_SHAPE = """
(model, request->>'width', request->>'height') = (
    SELECT model, request->>'width', request->>'height' FROM first ORDER BY priority, fair_position, id LIMIT 1
)
"""

_OPEN_FIRST = """
WITH first AS MATERIALIZED ({first}), ordered AS (
    SELECT
        first.*, row_number() OVER in_order AS number,
        bool_and(is_best AND own_limit IS NULL AND NOT announces_start AND {may_join}) OVER in_order AS may_open
    FROM first
    WINDOW in_order AS (ORDER BY priority, fair_position, id ROWS UNBOUNDED PRECEDING)
), chosen AS MATERIALIZED (
    SELECT ordered.*, uuidv7() AS attempt_id FROM ordered WHERE may_open
), {open}
SELECT {columns}, attempt.id AS attempt_id, attempt.attempt_number, attempt.steps AS attempt_steps
FROM ordered LEFT JOIN attempt ON attempt.job_id = ordered.id
ORDER BY number
"""


class OpenedAttempt(NamedTuple):
    """An attempt that was opened. Its lease started then, on the database's clock."""

    attempt_id: UUID
    attempt_number: int
    #: Denoising steps that it takes.
    steps: int
    job: ClaimableJob


class OpenedFirst(NamedTuple):
    """What `open_first` found."""

    opened: list[OpenedAttempt]
    #: How many jobs can be claimed, up to as many as were asked for. Those that were not opened need a decision.
    found: int


@dataclass(frozen=True)
class _OrderedJob(ClaimableJob):
    #: None: it was not opened.
    attempt_id: UUID | None
    attempt_number: int | None
    attempt_steps: int | None


class _Attempt(NamedTuple):
    attempt_id: UUID
    attempt_number: int
    steps: int


def open_attempt(session: Session, chosen: LockedJob, *, worker_id: str, lease_seconds: float) -> OpenedAttempt:
    """Opens an attempt of a job that was chosen and locked."""
    job = chosen.job
    opened = fetch_one(
        session.connection(),
        _build_open_chosen(),
        {
            "job_id": job.id,
            "now": job.now,
            "fair_position": chosen.fair_position,
            "worker_id": worker_id,
            "lease_seconds": lease_seconds,
        },
        into=_Attempt,
    )
    if opened is None:
        raise AssertionError("a job that is locked has not gone")
    return OpenedAttempt(opened.attempt_id, opened.attempt_number, opened.steps, job)


def open_first(
    connection: Connection,
    *,
    pool: str,
    prefer: Preference | None,
    worker_id: str,
    lease_seconds: float,
    count: int = 1,
) -> OpenedFirst:
    """Opens an attempt of each of the first jobs of the pool. Stops at the first job that needs a decision: the worker may
    prefer another one, it has another shape than the first, its account has a running limit of its own, or its start is announced.
    """
    query = _build_open_first(prefer, count)
    parameters = {
        "pool": pool,
        "worker_id": worker_id,
        "lease_seconds": lease_seconds,
    }
    rows = fetch_all(connection, query.statement, query.parameters | parameters, into=_OrderedJob)
    opened = [
        OpenedAttempt(row.attempt_id, row.attempt_number, row.attempt_steps, row)
        for row in rows
        if row.attempt_id is not None and row.attempt_number is not None and row.attempt_steps is not None
    ]
    return OpenedFirst(opened, found=len(rows))


@cache
def _build_open_chosen() -> str:
    return _OPEN_CHOSEN.format(open=_build_open())


@lru_cache(maxsize=256)
def _build_open_first(prefer: Preference | None, count: int) -> CompiledQuery:
    first = build_first(prefer, count=count)
    may_join = _SAME_SHAPE if count > 1 and prefer is not None and not prefer.is_empty else "true"
    columns = ", ".join(f"ordered.{field.name}" for field in fields(ClaimableJob))
    statement = _OPEN_FIRST.format(first=first.statement, may_join=may_join, open=_build_open(), columns=columns)
    return CompiledQuery(statement, first.parameters)


@cache
def _build_open() -> str:
    clocks = {priority: name_clocks(priority)[0] for priority in PRIORITIES.values()}
    return _OPEN.format(
        steps=DENOISING_STEPS,
        reached=", ".join(
            f"max(fair_position) FILTER (WHERE priority = {priority}) AS {clock}" for priority, clock in clocks.items()
        ),
        is_behind=" OR ".join(f"clock.{clock} < reached.{clock}" for clock in clocks.values()),
        move_on=", ".join(f"{clock} = greatest(pool_clocks.{clock}, behind.{clock})" for clock in clocks.values()),
    )
