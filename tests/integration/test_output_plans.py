"""How PostgreSQL finds the outputs of a gallery's page among many."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from core.database import get_engine, transaction
from core.gallery.output_filter import OutputFilter
from core.gallery.read_outputs import select_page
from tests.integration.conftest import Submit

_ROWS = 150_000
_LIMIT = 51

#: Two in three of one account, so it has 100,000 outputs. One in 40 is of each model, one in 2,000 prompts has a rare word, one in a
#: hundred a rare style; one output in a hundred is a favourite, and one in 50 is on the board.
_FILL = """
with made as (
    select n, uuidv7(-(:rows - n) * interval '86 seconds') as id, now() - (:rows - n) * interval '86 seconds' as at,
           case when n % 3 = 1 then cast(:other as uuid) else one.account_id end as account_id, one.task, one.model_revision,
           one.seed, one.cost, one.pool, one.max_attempts, one.request_id
    from (select * from jobs limit 1) one, generate_series(1, :rows) n
), filled as (
    insert into jobs (id, account_id, task, model, model_revision, request, seed, metadata, warnings, cost, pool, fair_position,
                      max_attempts, request_id, status, created_at, finished_at, current_attempt_id, style)
    select id, account_id, task, 'model-' || n % 40, model_revision,
           json_build_object('prompt', 'a red mug ' || n % 2000 || ' on a table ' || md5(n::text)), seed, '{}', '[]', cost, pool, n,
           max_attempts, request_id, 'succeeded', at, at, uuidv7(), case when n % 100 = 5 then 'poster' when n % 4 = 0 then 'icon' end
    from made
), drawn as (
    insert into artifacts (id, account_id, job_id, attempt_id, kind, position, storage_key, media_type, byte_size, sha256, width,
                           height, seed, created_at, favourite_at)
    select uuidv7(-(:rows - n) * interval '86 seconds'), account_id, id, uuidv7(), 'output', 0, n::text, 'image/png', 1,
           md5(n::text) || md5((n / 3)::text), 8, 8, n, at, case when n % 100 = 0 then at end
    from made
    returning id, account_id, seed
), board as (
    insert into boards (id, account_id, name) select uuidv7(), account_id, 'Mugs' from jobs limit 1 returning id, account_id
)
insert into board_outputs (board_id, artifact_id, account_id)
select board.id, drawn.id, board.account_id from board join drawn using (account_id) where drawn.seed % 50 = 0
"""


#: Two thousand such jobs are met soon, however PostgreSQL looks for them: its scan of the table stops there.
_MET_SOON = {"a word of all", "a common style"}


@pytest.fixture
def many_outputs(account_id: UUID, other_account_id: UUID, submit: Submit) -> UUID:
    """The account with two in three of them; the board's id."""
    submit(account_id)
    with transaction() as session:
        session.execute(text("set local session_replication_role = replica"))
        session.execute(text("set local statement_timeout = 0"))
        session.execute(text(_FILL), {"rows": _ROWS, "other": other_account_id})
    with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("set statement_timeout = 0"))
        connection.execute(text("vacuum analyze jobs, artifacts, boards, board_outputs"))
        board_id: UUID = connection.execute(text("select id from boards")).scalar_one()
    return board_id


def _list_filters(board_id: UUID) -> dict[str, tuple[OutputFilter, int]]:
    """By what is looked for: the filter, and how many rows are read at most for a page of 50."""
    now = datetime.now(UTC)
    return {
        "nothing": (OutputFilter(), 300),
        "favourites": (OutputFilter(favourite=True), 300),
        "all but favourites": (OutputFilter(favourite=False), 300),
        "a board": (OutputFilter(board_id=board_id), 300),
        "favourites on a board": (OutputFilter(board_id=board_id, favourite=True), 5_000),
        "any board": (OutputFilter(on_board=True), 6_000),
        "no board": (OutputFilter(on_board=False), 6_000),
        "a model": (OutputFilter(models=["model-7"]), 10_000),
        "a task": (OutputFilter(tasks=["text-to-image"]), 300),
        "a rare style": (OutputFilter(styles=["poster"]), 6_000),
        "a common style": (OutputFilter(styles=["icon"]), 15_000),
        "a rare word": (OutputFilter(prompt="mug 1234"), 1_000),
        "a word of all": (OutputFilter(prompt="mug"), 6_000),
        "a word of none": (OutputFilter(prompt="zeppelin"), 1_000),
        "a file": (OutputFilter(sha256=_sha256_of(120_000)), 10),
        "a strange file": (OutputFilter(sha256="0" * 64), 10),
        "a day long ago": (
            OutputFilter(created_after=now - timedelta(days=100), created_before=now - timedelta(days=99)),
            5_000,
        ),
    }


def _sha256_of(number: int) -> str:
    """Of the output with this number, as it was filled in."""
    digests = (hashlib.md5(str(each).encode(), usedforsecurity=False) for each in (number, number // 3))
    return "".join(digest.hexdigest() for digest in digests)


@pytest.mark.slow
def test_a_page_reads_few_rows(many_outputs: UUID, account_id: UUID) -> None:
    """With 100,000 outputs of an account, no filter of a gallery reads a whole table, in either order, or more rows than it must."""
    excessive = []
    for name, (wanted, most) in _list_filters(many_outputs).items():
        for order in ("desc", "asc"):
            plan, took_ms = _explain(wanted, account_id, order)
            scans = [
                node for node in _nodes(plan) if node.get("Relation Name") in {"jobs", "artifacts", "board_outputs"}
            ]
            used = sorted({node["Index Name"] for node in _nodes(plan) if "Index Name" in node})
            read = sum(map(_rows_read, scans))
            described = f"{name}, {order}: {read:.0f} rows in {took_ms:.1f} ms through {', '.join(used)}"
            print(described)
            reads_all = name not in _MET_SOON and any(
                node["Node Type"] == "Seq Scan" and node["Relation Name"] != "board_outputs" for node in scans
            )
            if read > most or reads_all:
                excessive.append(described)
    assert excessive == []


def _explain(wanted: OutputFilter, account_id: UUID, order: Any) -> tuple[dict[str, Any], float]:
    page = select_page(wanted, account_id=account_id, limit=_LIMIT, order=order, after=None)
    with transaction() as session:
        driver: Any = session.connection().connection.driver_connection
        cursor = psycopg.ClientCursor(driver)
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {page.query}", page.parameters)
        [row] = cursor.fetchall()
    return row[0][0]["Plan"], row[0][0]["Execution Time"]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _rows_read(node: dict[str, Any]) -> float:
    """Rows that a scan looked at, all of its runs together."""
    rows: float = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return rows * float(node["Actual Loops"])
