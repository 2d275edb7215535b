"""Give a job its place in the queue and write its row, in one statement."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection

from core.database import ask
from core.jobs.fair_queue import name_clocks
from core.jobs.queue_position import COUNTED_UP_TO
from core.jobs.status import JobStatus
from core.jobs.tables import Job

# The job's virtual start is where its account's work ends, or where its pool has come to if that is later. Submits of one
# account take turns at its clock's row. A pool's first job makes its clock. How many jobs stand before this one is for the
# answer. Without a share nothing is written.
_INSERT = """
WITH share AS (
    {share}
), new_clock AS (
    INSERT INTO pool_clocks (pool)
    SELECT %(pool)s::varchar WHERE NOT EXISTS (SELECT FROM pool_clocks WHERE pool = %(pool)s)
    ON CONFLICT DO NOTHING
), pool_now AS (
    SELECT coalesce((SELECT {pool_clock} FROM pool_clocks WHERE pool = %(pool)s), 0) AS virtual_time
), turn AS (
    INSERT INTO account_clocks AS clock (account_id, pool, {account_clock})
    SELECT %(account_id)s, %(pool)s, virtual_time + %(cost)s / weight FROM pool_now, share
    ON CONFLICT (account_id, pool) DO UPDATE
    SET {account_clock} =
        greatest(clock.{account_clock}, (SELECT virtual_time FROM pool_now)) + (SELECT %(cost)s / weight FROM share)
    RETURNING {account_clock} - (SELECT %(cost)s / weight FROM share) AS fair_position
), job AS (
    INSERT INTO jobs (
        id, account_id, task, model, model_revision, request, seed, metadata, warnings, cost, pool, priority,
        fair_position, start_deadline_at, deadline_at, max_attempts, request_id,
        retention_seconds
    )
    SELECT
        %(id)s, %(account_id)s, %(task)s, %(model)s, %(model_revision)s, %(request)s::json, %(seed)s,
        %(metadata)s::json, %(warnings)s::jsonb, %(cost)s, %(pool)s, %(priority)s, fair_position,
        -- From the same moment as created_at, which is the acceptance that the job shows.
        now() + make_interval(secs => %(start_deadline_seconds)s), now() + make_interval(secs => %(deadline_seconds)s),
        %(max_attempts)s, %(request_id)s, %(retention_seconds)s::integer
    FROM turn
    RETURNING priority, fair_position, id, available_at, created_at, start_deadline_at, deadline_at
)
SELECT fair_position, available_at, created_at, start_deadline_at, deadline_at, (
    SELECT count(*) FROM (
        SELECT FROM jobs AS before
        WHERE before.pool = %(pool)s AND before.status = 'queued'
        AND (before.priority, before.fair_position, before.id) < (job.priority, job.fair_position, job.id)
        LIMIT {counted_up_to}
    ) AS counted
) AS jobs_before
FROM job
"""

_GIVEN_SHARE = "SELECT %(weight)s::float8 AS weight"

# What `take_room` does where it finds room and nothing to decide: neither to count the jobs, nor whether to hold this one.
# With a key, only where that still opens the account.
_TAKE_ROOM = """
    UPDATE account_queues AS queue SET room = queue.room - 1 FROM accounts AS account
    WHERE queue.account_id = %(account_id)s AND account.id = queue.account_id
    AND queue.room > 0 AND queue.room_limit = coalesce(account.max_queued_jobs, %(max_queued_jobs)s)
    AND account.max_running_jobs IS NULL
    AND (%(api_key_id)s::text IS NULL OR EXISTS (
        SELECT FROM api_keys AS key
        WHERE key.id = %(api_key_id)s AND key.account_id = account.id AND key.revoked_at IS NULL
    ))
    RETURNING account.weight
"""


class Deadlines(NamedTuple):
    """Seconds from now by which a job must have started, and have ended."""

    start_deadline_seconds: int | None
    deadline_seconds: int | None


def insert_job(connection: Connection, job: Job, deadlines: Deadlines, *, weight: float) -> int:
    """Write the row of a job that no session knows, fill in what the database chose, and tell how many queued jobs stand
    before it, as `find_queue_positions` would. `weight` is its account's.
    """
    jobs_before = _insert(connection, job, deadlines, _GIVEN_SHARE, {"weight": weight})
    if jobs_before is None:
        raise AssertionError("a job with a share was not written")
    return jobs_before


def insert_where_room_is(
    connection: Connection, job: Job, deadlines: Deadlines, *, max_queued_jobs: int, api_key_id: str | None
) -> int | None:
    """The same, with the account's turn and its room taken in the same statement. None, with no job written, where
    `take_room` has to look closer, or the key (None: nobody's) does not open the account.
    """
    given = {"max_queued_jobs": max_queued_jobs, "api_key_id": api_key_id}
    return _insert(connection, job, deadlines, _TAKE_ROOM, given)


def _insert(connection: Connection, job: Job, deadlines: Deadlines, share: str, given: dict[str, Any]) -> int | None:
    statement = _build_statement(job.priority, share)
    row = ask(connection, statement, _describe(job) | deadlines._asdict() | given)
    return None if row is None else _fill_in(job, row)


@cache
def _build_statement(priority: int, share: str) -> str:
    pool_clock, account_clock = name_clocks(priority)
    return _INSERT.format(share=share, pool_clock=pool_clock, account_clock=account_clock, counted_up_to=COUNTED_UP_TO)


def _describe(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "account_id": job.account_id,
        "task": job.task,
        "model": job.model,
        "model_revision": job.model_revision,
        "request": json.dumps(job.request),
        "seed": job.seed,
        "metadata": json.dumps(job.metadata_),
        "warnings": json.dumps(job.warnings),
        "cost": job.cost,
        "pool": job.pool,
        "priority": job.priority,
        "max_attempts": job.max_attempts,
        "request_id": job.request_id,
        "retention_seconds": job.retention_seconds,
    }


def _fill_in(job: Job, row: Any) -> int:
    job.status = JobStatus.QUEUED
    job.attempts_opened = job.attempts_used = 0
    job.fair_position = row.fair_position
    job.available_at = row.available_at
    job.created_at = row.created_at
    job.start_deadline_at = row.start_deadline_at
    job.deadline_at = row.deadline_at
    jobs_before: int = row.jobs_before
    return jobs_before
