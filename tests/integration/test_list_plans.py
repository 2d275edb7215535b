"""How PostgreSQL finds the jobs of a list among many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from core.database import get_engine, transaction
from core.jobs.selection.job_filter import JobFilter
from core.jobs.selection.select_ids import Order
from core.jobs.status import JobStatus
from core.jobs.views.list_jobs import select_page
from core.jobs.views.select_rows import ALL_FIELDS
from tests.integration.conftest import Submit

_ROWS = 200_000
_LIMIT = 21

#: Two in three of one account, over two hundred days, as old as their ids say. One in a thousand is queued, one in 250 failed; a user has a hundred
#: of them, one word in the prompts is as rare, and all have another one. One in a hundred has a rare style, a quarter a common one.
_FILL = """
insert into jobs (id, account_id, task, model, model_revision, request, seed, metadata, warnings, cost, pool, fair_position,
                  max_attempts, request_id, status, created_at, finished_at, failure_code, style)
select uuidv7(-made.age), case when n % 3 = 1 then :other else account_id end, task, 'model-' || n % 40, model_revision,
       json_build_object('prompt', 'a red mug ' || n % 2000 || ' on a table ' || md5(n::text), 'num_inference_steps', 1), seed,
       json_build_object('user', 'u' || n % 2000, 'plan', 'free'), warnings, cost, pool, n, max_attempts, request_id, made.status,
       now() - made.age, case when made.status <> 'queued' then now() - made.age end,
       case when made.status = 'failed' then 'internal' end,
       case when n % 100 = 5 then 'poster' when n % 4 = 0 then 'icon' end
from (select * from jobs limit 1) one, generate_series(1, :rows) n
cross join lateral (
    select (:rows - n) * interval '86 seconds' as age,
           case when n % 1000 = 0 then 'queued' when n % 250 = 1 then 'failed' else 'cancelled' end as status
) made
"""

_NOW = datetime.now(UTC)


@pytest.fixture
def many_jobs(account_id: UUID, other_account_id: UUID, submit: Submit) -> UUID:
    """The account with two in three of them."""
    submit(account_id)
    with transaction() as session:
        session.execute(text("set local session_replication_role = replica"))
        session.execute(text("set local statement_timeout = 0"))
        session.execute(text(_FILL), {"rows": _ROWS, "other": other_account_id})
    with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("set statement_timeout = 0"))
        connection.execute(text("vacuum analyze jobs, job_attempts, artifacts"))
    return account_id


#: By what is looked for: the filter, and how many rows of jobs are read at most for a page.
_FILTERS: dict[str, tuple[JobFilter, int]] = {
    "nothing": (JobFilter(), 100),
    "a common status": (JobFilter(statuses=[JobStatus.CANCELLED]), 100),
    "a rare status": (JobFilter(statuses=[JobStatus.QUEUED]), 1_000),
    "statuses": (JobFilter(statuses=[JobStatus.QUEUED, JobStatus.FAILED]), 10_000),
    "a model": (JobFilter(models=["model-7"]), 2_000),
    "a task": (JobFilter(tasks=["text-to-image"]), 100),
    "a rare style": (JobFilter(styles=["poster"]), 100),
    "a common style": (JobFilter(styles=["icon"]), 500),
    "styles": (JobFilter(styles=["icon", "poster"]), 500),
    "a style of none": (JobFilter(styles=["sticker"]), 10),
    # As long as clocks may be apart.
    "a day long ago": (
        JobFilter(created_after=_NOW - timedelta(days=150), created_before=_NOW - timedelta(days=149)),
        3_000,
    ),
    "a user": (JobFilter(metadata={"user": "u7"}), 1_000),
    "an entry of all": (JobFilter(metadata={"plan": "free"}), 5_000),
    "two entries": (JobFilter(metadata={"user": "u7", "plan": "gold"}), 1_000),
    "a rare word": (JobFilter(prompt="mug 1234"), 1_000),
    "a word of all": (JobFilter(prompt="mug"), 5_000),
    "a word of none": (JobFilter(prompt="zeppelin"), 1_000),
    "all at once": (
        JobFilter(
            statuses=[JobStatus.CANCELLED],
            models=["model-7"],
            created_after=_NOW - timedelta(days=150),
            metadata={"user": "u7"},
            prompt='"red mug"',
        ),
        1_000,
    ),
}


@pytest.mark.slow
def test_every_filter_has_an_index(many_jobs: UUID) -> None:
    """With 200,000 jobs, of two accounts, no filter reads the whole table, in either order, and none more rows than it must."""
    for name, (wanted, most) in _FILTERS.items():
        for order in ("desc", "asc"):
            plan = _explain(wanted, many_jobs, order)
            scans = [node for node in _nodes(plan) if node.get("Relation Name") == "jobs"]
            used = {node["Index Name"] for node in _nodes(plan) if "Index Name" in node}
            described = f"{name}, {order}: {sorted(used)}, {sum(map(_rows_read, scans)):.0f} rows"
            assert sum(map(_rows_read, scans)) <= most, described
            if wanted.is_search:
                assert "ix_jobs_search" in used, described
            if name != "a word of all":
                # Two thousand of them are met soon, however PostgreSQL looks.
                assert "Seq Scan" not in {node["Node Type"] for node in scans}, described


def _explain(wanted: JobFilter, account_id: UUID, order: Order) -> dict[str, Any]:
    page = select_page(
        wanted, account_id=account_id, limit=_LIMIT, order=order, after=None, api_key_id=None, fields=ALL_FIELDS
    )
    with transaction() as session:
        driver: Any = session.connection().connection.driver_connection
        cursor = psycopg.ClientCursor(driver)
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {page.query}", page.parameters)
        [row] = cursor.fetchall()
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _rows_read(node: dict[str, Any]) -> float:
    """Rows that a scan looked at, all of its runs together. Those that count the jobs before one are not meant."""
    if node.get("Alias") == "before":
        return 0.0
    rows: float = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return rows * float(node["Actual Loops"])
