"""Give a job its place in the queue and write its row, in one statement."""

from __future__ import annotations

import json
from functools import cache

from sqlalchemy import String, TextClause, bindparam, text
from sqlalchemy.orm import Session

from core.jobs.fair_queue import name_clocks
from core.jobs.queue_position import COUNTED_UP_TO
from core.jobs.status import JobStatus
from core.jobs.tables import Job

# The job's virtual start is where its account's work ends, or where its pool has come to if that is later. Submits of one
# account take turns at its clock's row. A pool's first job makes its clock. How many jobs stand before this one is for the
# answer.
_INSERT = """
WITH new_clock AS (
    INSERT INTO pool_clocks (pool) SELECT :pool WHERE NOT EXISTS (SELECT FROM pool_clocks WHERE pool = :pool)
    ON CONFLICT DO NOTHING
), pool_now AS (
    SELECT coalesce((SELECT {pool_clock} FROM pool_clocks WHERE pool = :pool), 0) AS virtual_time
), turn AS (
    INSERT INTO account_clocks AS clock (account_id, pool, {account_clock})
    SELECT :account_id, :pool, virtual_time + :length FROM pool_now
    ON CONFLICT (account_id, pool) DO UPDATE
    SET {account_clock} = greatest(clock.{account_clock}, (SELECT virtual_time FROM pool_now)) + :length
    RETURNING {account_clock} - :length AS fair_position
), job AS (
    INSERT INTO jobs (
        id, account_id, task, model, model_revision, request, seed, metadata, warnings, cost, pool, priority,
        fair_position, start_deadline_at, deadline_at, max_attempts, request_id,
        retention_seconds
    )
    SELECT
        :id, :account_id, :task, :model, :model_revision, cast(:request AS json), :seed, cast(:metadata AS json),
        cast(:warnings AS jsonb), :cost, :pool, :priority, fair_position,
        -- From the same moment as created_at, which is the acceptance that the job shows.
        now() + make_interval(secs => :start_deadline_seconds), now() + make_interval(secs => :deadline_seconds),
        :max_attempts, :request_id, cast(:retention_seconds AS integer)
    FROM turn
    RETURNING priority, fair_position, id, available_at, created_at, start_deadline_at, deadline_at
)
SELECT job.*, (
    SELECT count(*) FROM (
        SELECT FROM jobs AS before
        WHERE before.pool = :pool AND before.status = 'queued'
        AND (before.priority, before.fair_position, before.id) < (job.priority, job.fair_position, job.id)
        LIMIT :counted_up_to
    ) AS counted
) AS jobs_before
FROM job
"""


def insert_job(
    session: Session, job: Job, *, weight: float, start_deadline_seconds: int | None, deadline_seconds: int | None
) -> int:
    """Write the row of a job that no session knows, fill in what the database chose, and tell how many queued jobs stand
    before it, as `find_queue_positions` would. `weight` is its account's.
    """
    row = (
        session.connection()
        .execute(
            _statement(job.priority),
            {
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
                "length": job.cost / weight,
                "pool": job.pool,
                "priority": job.priority,
                "start_deadline_seconds": start_deadline_seconds,
                "deadline_seconds": deadline_seconds,
                "max_attempts": job.max_attempts,
                "request_id": job.request_id,
                "retention_seconds": job.retention_seconds,
                "counted_up_to": COUNTED_UP_TO,
            },
        )
        .one()
    )
    job.status = JobStatus.QUEUED
    job.attempts_opened = job.attempts_used = 0
    job.fair_position = row.fair_position
    job.available_at = row.available_at
    job.created_at = row.created_at
    job.start_deadline_at = row.start_deadline_at
    job.deadline_at = row.deadline_at
    jobs_before: int = row.jobs_before
    return jobs_before


@cache
def _statement(priority: int) -> TextClause:
    pool_clock, account_clock = name_clocks(priority)
    statement = text(_INSERT.format(pool_clock=pool_clock, account_clock=account_clock))
    # Asked for in several places, it needs a type.
    return statement.bindparams(bindparam("pool", type_=String()))
