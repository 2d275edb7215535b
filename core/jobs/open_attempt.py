"""Open an attempt of a job, in one statement: of the first one of a pool, or of one that was chosen."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from core.database import ask
from core.ids import new_id
from core.jobs.affinity import Chosen, Preference, Question, ask_for_first
from core.jobs.fair_queue import name_clocks
from core.jobs.priority import PRIORITIES

# The pool has come to the position of the job. Workers that claim at the same moment do not wait for each other at its
# clock: the one that finds it taken leaves it, for the other's position is as good. Steps as `count_denoising_steps`.
_OPEN = """
job AS (
    UPDATE jobs
    SET status = 'running', attempts_opened = jobs.attempts_opened + 1, attempts_used = jobs.attempts_used + 1,
        current_attempt_id = %(attempt_id)s, started_at = coalesce(jobs.started_at, chosen.now)
    FROM chosen WHERE jobs.id = chosen.id
    RETURNING jobs.id, jobs.account_id, jobs.attempts_opened
), behind AS (
    SELECT clock.pool, chosen.priority, chosen.fair_position
    FROM pool_clocks AS clock JOIN chosen ON chosen.pool = clock.pool
    WHERE {is_behind}
    FOR UPDATE OF clock SKIP LOCKED
), clock AS (
    UPDATE pool_clocks SET {move_on} FROM behind WHERE pool_clocks.pool = behind.pool
), attempt AS (
    INSERT INTO job_attempts (
        id, account_id, job_id, attempt_number, worker_id, lease_expires_at, heartbeat_at, steps, started_at
    )
    SELECT
        %(attempt_id)s, job.account_id, job.id, job.attempts_opened, %(worker_id)s,
        clock_timestamp() + make_interval(secs => %(lease_seconds)s), chosen.now,
        trunc(
            (chosen.request->>'num_inference_steps')::integer
            * coalesce((chosen.request->>'strength')::double precision, 1)
        ),
        chosen.now
    FROM job, chosen
    RETURNING attempt_number
)
"""

_OPEN_CHOSEN = """
WITH chosen AS (
    SELECT id, pool, priority, request, %(fair_position)s::double precision AS fair_position, %(now)s::timestamptz AS now
    FROM jobs WHERE id = %(job_id)s
), {open}
SELECT attempt_number FROM attempt
"""

_OPEN_FIRST = """
WITH first AS MATERIALIZED ({first}), chosen AS (
    SELECT * FROM first WHERE is_best AND own_limit IS NULL
), {open}
SELECT first.*, attempt.attempt_number FROM first LEFT JOIN attempt ON true
"""


class Opened(NamedTuple):
    """An attempt that was opened. Its lease started then, on the database's clock."""

    attempt_id: UUID
    attempt_number: int
    #: As a `Chosen` has it.
    job: Any


class First(NamedTuple):
    """What `open_first` found."""

    #: Whether there is a job that can be claimed.
    is_there: bool
    #: None where it takes a closer look to say which job this worker may have.
    opened: Opened | None


def open_attempt(session: Session, chosen: Chosen, *, worker_id: str, lease_seconds: float) -> Opened:
    """Open an attempt of a job that was chosen and locked."""
    attempt_id = new_id()
    job = chosen.job
    opened = ask(
        session.connection(),
        _build_open_chosen(),
        {
            "attempt_id": attempt_id,
            "job_id": job.id,
            "now": job.now,
            "fair_position": chosen.fair_position,
            "worker_id": worker_id,
            "lease_seconds": lease_seconds,
        },
    )
    return Opened(attempt_id, opened.attempt_number, job)


def open_first(
    connection: Connection, *, pool: str, prefer: Preference | None, worker_id: str, lease_seconds: float
) -> First:
    """Open an attempt of the first job of the pool, if no other one can suit the worker better and its account runs as
    many jobs as it likes. It may be a transaction of its own.
    """
    attempt_id = new_id()
    question = _build_open_first(pool, prefer)
    row = ask(
        connection,
        question.statement,
        question.parameters | {"attempt_id": attempt_id, "worker_id": worker_id, "lease_seconds": lease_seconds},
    )
    if row is None:
        return First(is_there=False, opened=None)
    opened = None if row.attempt_number is None else Opened(attempt_id, row.attempt_number, row)
    return First(is_there=True, opened=opened)


@cache
def _build_open_chosen() -> str:
    return _OPEN_CHOSEN.format(open=_build_open())


@lru_cache(maxsize=256)
def _build_open_first(pool: str, prefer: Preference | None) -> Question:
    first = ask_for_first(pool, prefer)
    return Question(_OPEN_FIRST.format(first=first.statement, open=_build_open()), first.parameters)


@cache
def _build_open() -> str:
    clocks = {priority: name_clocks(priority)[0] for priority in PRIORITIES.values()}
    return _OPEN.format(
        is_behind=" OR ".join(
            f"(chosen.priority = {priority} AND clock.{clock} < chosen.fair_position)"
            for priority, clock in clocks.items()
        ),
        move_on=", ".join(
            f"{clock} = CASE behind.priority WHEN {priority} THEN behind.fair_position ELSE pool_clocks.{clock} END"
            for priority, clock in clocks.items()
        ),
    )
