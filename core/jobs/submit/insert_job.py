"""Give a job its place in the queue and write its row, in one statement."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from sqlalchemy import Connection

from core.database import fetch_one
from core.jobs.queue.fair_queue import name_clocks
from core.jobs.queue.queue_position import COUNTED_UP_TO
from core.jobs.submit.new_job import NewJob, QueuePlace

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
    RETURNING priority, fair_position, id, created_at, start_deadline_at, deadline_at
)
SELECT created_at, start_deadline_at, deadline_at, (
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

# What `take_slot` does where it finds room and nothing to decide: neither to count the jobs, nor whether to hold this one.
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


def insert_job(connection: Connection, job: NewJob, *, weight: float) -> QueuePlace:
    """Write the row of a job, and tell its place: `jobs_before` as `find_queue_positions` would count them. `weight` is its
    account's.
    """
    place = _insert(connection, job, _GIVEN_SHARE, {"weight": weight})
    if place is None:
        raise AssertionError("a job with a share was not written")
    return place


def insert_in_one_statement(
    connection: Connection, job: NewJob, *, max_queued_jobs: int, api_key_id: str | None
) -> QueuePlace | None:
    """The same, with the account's turn and its room taken in the same statement. None, with no job written, where
    `take_slot` has to look closer, or the key (None: nobody's) does not open the account.
    """
    return _insert(connection, job, _TAKE_ROOM, {"max_queued_jobs": max_queued_jobs, "api_key_id": api_key_id})


def _insert(connection: Connection, job: NewJob, share: str, given: dict[str, Any]) -> QueuePlace | None:
    row = fetch_one(connection, _build_statement(job.priority, share), _describe(job) | given)
    return None if row is None else QueuePlace(**row._asdict())


@cache
def _build_statement(priority: int, share: str) -> str:
    pool_clock, account_clock = name_clocks(priority)
    return _INSERT.format(share=share, pool_clock=pool_clock, account_clock=account_clock, counted_up_to=COUNTED_UP_TO)


def _describe(job: NewJob) -> dict[str, Any]:
    return vars(job) | {
        "request": json.dumps(job.request),
        "metadata": json.dumps(job.metadata),
        "warnings": json.dumps(job.warnings),
    }
