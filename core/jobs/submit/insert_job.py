"""Write a new job's row and give it its fair position, in one statement that both ways of a submit share."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, literal_column

from core.accounts.authenticate import KEY_STILL_OPENS_ACCOUNT
from core.accounts.paused import build_is_paused
from core.database import compile_fragment, fetch_one
from core.jobs.queue.account_slots import TAKE_FREE_SLOT
from core.jobs.queue.fair_queue import name_clocks
from core.jobs.queue.queue_position import count_before
from core.jobs.submit.new_job import NewJob, QueuedJob

# The job's virtual start is where its account's work ends, or the virtual time of its pool if that is later. Submits of one
# account take turns at its clock's row. A pool's first job makes its clock. What stands before this one is for the
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
    INSERT INTO jobs ({columns}) SELECT {values} FROM turn
    RETURNING account_id, pool, priority, fair_position, id, created_at, start_deadline_at, deadline_at
)
SELECT created_at, start_deadline_at, deadline_at, ({jobs_before}) AS jobs_before, {account_is_paused} AS account_is_paused FROM job
"""

#: Fields of a new job that are not the column of the same name, as it is: that column, and its value.
_OTHERWISE = {
    "request": ("request", "%(request)s::json"),
    "style": ("style", "%(style)s::varchar"),
    "rendered_prompts": ("rendered_prompts", "%(rendered_prompts)s::json"),
    "metadata": ("metadata", "%(metadata)s::json"),
    "warnings": ("warnings", "%(warnings)s::jsonb"),
    "origin": ("origin", "%(origin)s::jsonb"),
    "retention_seconds": ("retention_seconds", "%(retention_seconds)s::integer"),
    "store": ("store", "%(store)s::boolean"),
    # From the same moment as created_at, which is the acceptance that the job shows.
    "start_deadline_seconds": ("start_deadline_at", "now() + make_interval(secs => %(start_deadline_seconds)s)"),
    "deadline_seconds": ("deadline_at", "now() + make_interval(secs => %(deadline_seconds)s)"),
}

_GIVEN_SHARE = "SELECT %(weight)s::float8 AS weight"

_SHARE_WITH_FREE_SLOT = f"""
    {TAKE_FREE_SLOT} AND (%(api_key_id)s::text IS NULL OR {KEY_STILL_OPENS_ACCOUNT})
    RETURNING account.weight
"""


class _Assigned(NamedTuple):
    """What the database assigns when it writes the row."""

    created_at: datetime
    start_deadline_at: datetime | None
    deadline_at: datetime | None
    jobs_before: int
    account_is_paused: bool


def insert_job(connection: Connection, job: NewJob, *, weight: float) -> QueuedJob:
    """Writes the row of a job of an account that has this weight, and whose slot the caller has taken."""
    queued = _insert(connection, job, _GIVEN_SHARE, {"weight": weight})
    if queued is None:
        raise AssertionError("a job with a share was not written")
    return queued


def insert_job_into_free_slot(
    connection: Connection, job: NewJob, *, max_queued_jobs: int, api_key_id: str | None
) -> QueuedJob | None:
    """Takes a slot of the account and writes the row. Returns None, with nothing written, if no slot is known to be free,
    if the account has a limit on its running jobs, or if the key does not open the account any more (None: no key).
    """
    given = {"max_queued_jobs": max_queued_jobs, "api_key_id": api_key_id}
    return _insert(connection, job, _SHARE_WITH_FREE_SLOT, given)


def _insert(connection: Connection, job: NewJob, share: str, given: dict[str, Any]) -> QueuedJob | None:
    statement = _build_statement(job.priority, share)
    assigned = fetch_one(connection, statement, _to_parameters(job) | given, into=_Assigned)
    return None if assigned is None else QueuedJob(**vars(job), **assigned._asdict())


@cache
def _build_statement(priority: int, share: str) -> str:
    pool_clock, account_clock = name_clocks(priority)
    names = [field.name for field in dataclasses.fields(NewJob)]
    columns = {"fair_position": "fair_position"} | dict(_OTHERWISE.get(name, (name, f"%({name})s")) for name in names)
    return _INSERT.format(
        share=share,
        pool_clock=pool_clock,
        account_clock=account_clock,
        columns=", ".join(columns),
        values=", ".join(columns.values()),
        account_is_paused=build_is_paused("job.account_id"),
        jobs_before=compile_fragment(
            count_before(
                pool=literal_column("job.pool"),
                priority=literal_column("job.priority"),
                fair_position=literal_column("job.fair_position"),
                job_id=literal_column("job.id"),
            )
        ),
    )


def _to_parameters(job: NewJob) -> dict[str, Any]:
    return vars(job) | {
        "request": json.dumps(job.request),
        "rendered_prompts": None if job.rendered_prompts is None else json.dumps(job.rendered_prompts),
        "metadata": json.dumps(job.metadata),
        "warnings": json.dumps(job.warnings),
        "origin": None if job.origin is None else json.dumps(job.origin),
    }
