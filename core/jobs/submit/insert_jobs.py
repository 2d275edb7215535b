"""Write the rows of many new jobs of one account at once: in one statement for each pool, with the same fair positions that
they would get one after the other.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core.database import execute
from core.jobs.queue.fair_queue import name_clocks
from core.jobs.submit.new_job import NewJob

# As `insert_job` does for one: the account's clock moves by all of them, and each begins where the ones before it end.
_INSERT = """
WITH new_clock AS (
    INSERT INTO pool_clocks (pool)
    SELECT %(pool)s::varchar WHERE NOT EXISTS (SELECT FROM pool_clocks WHERE pool = %(pool)s)
    ON CONFLICT DO NOTHING
), pool_now AS (
    SELECT coalesce((SELECT {pool_clock} FROM pool_clocks WHERE pool = %(pool)s), 0) AS virtual_time
), turn AS (
    INSERT INTO account_clocks AS clock (account_id, pool, {account_clock})
    SELECT %(account_id)s, %(pool)s, virtual_time + %(cost)s::float8 / %(weight)s::float8 FROM pool_now
    ON CONFLICT (account_id, pool) DO UPDATE
    SET {account_clock} = greatest(clock.{account_clock}, (SELECT virtual_time FROM pool_now))
        + %(cost)s::float8 / %(weight)s::float8
    RETURNING {account_clock} - %(cost)s::float8 / %(weight)s::float8 AS fair_position
)
INSERT INTO jobs (fair_position, start_deadline_at, deadline_at, {columns})
SELECT
    turn.fair_position + given.cost_before / %(weight)s::float8,
    now() + make_interval(secs => given.start_deadline_seconds),
    now() + make_interval(secs => given.deadline_seconds),
    {values}
FROM turn, json_to_recordset(%(jobs)s::json) AS given (
    cost_before float8, start_deadline_seconds float8, deadline_seconds float8, {types}
)
"""

#: The types of columns, by those of a job's fields.
_TYPES = {
    "UUID": "uuid",
    "str": "text",
    "int": "bigint",
    "float": "float8",
    "int | None": "integer",
    "bool | None": "boolean",
    "str | None": "text",
    "dict[str, Any]": "json",
    "dict[str, Any] | None": "json",
    "dict[str, str] | None": "json",
    "dict[str, str]": "json",
    "list[str]": "jsonb",
}

_OF_SWEEP = {"sweep_id": "uuid", "sweep_cell": "json"}

_DEADLINES = {"start_deadline_seconds", "deadline_seconds"}


def insert_jobs(
    connection: Connection, jobs: Sequence[NewJob], *, weight: float, sweep_id: UUID, cells: Sequence[dict[str, Any]]
) -> None:
    """Writes the rows of the jobs of a sweep, each with its cell. Their account has this weight, and the caller has taken a slot
    for each.
    """
    order = sorted(zip(jobs, cells, strict=True), key=lambda pair: (pair[0].pool, pair[0].priority, pair[0].id))
    for (pool, priority), group in groupby(order, key=lambda pair: (pair[0].pool, pair[0].priority)):
        of_pool = list(group)
        costs = [job.cost for job, _ in of_pool]
        records = [
            vars(job) | {"sweep_id": sweep_id, "sweep_cell": cell, "cost_before": before}
            for (job, cell), before in zip(of_pool, accumulate(costs, initial=0.0), strict=False)
        ]
        parameters = {"account_id": of_pool[0][0].account_id, "pool": pool, "cost": sum(costs), "weight": weight}
        execute(connection, _build_statement(priority), parameters | {"jobs": json.dumps(records, default=str)})


@cache
def _build_statement(priority: int) -> str:
    pool_clock, account_clock = name_clocks(priority)
    columns = {
        field.name: _TYPES[str(field.type)] for field in dataclasses.fields(NewJob) if field.name not in _DEADLINES
    } | _OF_SWEEP
    return _INSERT.format(
        pool_clock=pool_clock,
        account_clock=account_clock,
        columns=", ".join(columns),
        values=", ".join(f"given.{name}" for name in columns),
        types=", ".join(f"{name} {type_}" for name, type_ in columns.items()),
    )
