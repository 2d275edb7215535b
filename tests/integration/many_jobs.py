"""A long table of jobs, for tests of what a statement reads."""

from __future__ import annotations

from sqlalchemy import Connection, text

_ROWS = 100_000

#: One row in three is queued, of four models and 97 sizes. The first half is held; every second row has a
#: deadline.
_FILL = """
insert into jobs (id, account_id, task, model, model_revision, request, seed, metadata, warnings, cost, pool,
                  fair_position, max_attempts, request_id, priority, deadline_at, status, finished_at)
select gen_random_uuid(), account_id, task, 'model-' || n % 4, model_revision,
       ('{"width": ' || 64 + 8 * (n % 97) || ', "height": 64, "num_inference_steps": 1}')::json, seed, metadata, warnings,
       cost, pool, n, max_attempts, request_id, case when n < :rows / 2 then 11 else 1 end,
       case when n % 2 = 0 then now() + interval '1 hour' end, case when n % 3 = 0 then 'queued' else 'cancelled' end,
       case when n % 3 = 0 then null else now() end
from (select * from jobs limit 1) one, generate_series(1, :rows) n
"""


def fill_jobs(connection: Connection) -> None:
    """Insert 100,000 jobs of the account of one that is there."""
    connection.execute(text(_FILL), {"rows": _ROWS})
