"""What a claim, a sweep and an end cost in a long queue."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database import get_engine, transaction
from core.jobs.attempts.affinity import LOOK_AHEAD, Preference, Shape
from core.jobs.attempts.claim_jobs import claim_jobs
from core.jobs.attempts.claim_step_by_step import claim_step_by_step
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.outcomes.deadlines import fail_overdue_queued
from core.jobs.outcomes.record_success_step_by_step import record_success_step_by_step
from core.jobs.outcomes.rescue import fail_overdue_running
from core.jobs.queue.running_limit import release_where_allowed
from tests.integration.attempts import rendered
from tests.integration.conftest import Submit
from tests.integration.many_jobs import fill_jobs
from tests.integration.statements import noted_statements


@pytest.mark.slow
def test_a_claim_reads_a_few_rows_of_many(account_id: UUID, submit: Submit) -> None:
    """With 100,000 jobs in the table all kinds of claim go through the index for the order of work, and read no more
    rows than they look ahead: none of those that are held.
    """
    _fill_the_table(account_id, submit)
    prefer = Preference(frozenset({"model-1", "model-2"}), frozenset({Shape("model-1", 64, 64)}), 30.0)

    plans = [*_explain_claim(None), *_explain_claim(prefer), *_explain_claim(None, count=16)]

    assert len(plans) == len(
        ["the first one", "the first one, which is not the best one", "the best one", "16 at once"]
    )
    for plan in plans:
        scans = [node for node in _nodes(plan) if node.get("Relation Name") == "jobs"]
        # Tables with a row for each account or pool are read whole where they are known to hold one.
        assert "Seq Scan" not in {node["Node Type"] for node in scans}
        assert "ix_jobs_claim" in {node.get("Index Name") for node in scans}
        assert sum(_rows_read(node) for node in scans) <= 2 * LOOK_AHEAD


@pytest.mark.slow
def test_sweeps_and_ends_read_what_they_are_after(account_id: UUID, submit: Submit) -> None:
    """With 100,000 jobs in the table, half of them with deadlines that have not passed and many held by their
    account's limit, the sweep reads no more than the few that are overdue, and an end no more than its own job and the
    next one.
    """
    _fill_the_table(account_id, submit)
    with transaction() as session:
        session.execute(text("update jobs set deadline_at = now() - interval '1 second' where fair_position > 99990"))
        attempt = claim_step_by_step(
            session, ClaimingWorker(pool="default", worker_id="worker", lease_seconds=30)
        ).attempt
        assert attempt is not None
    release_held = partial(release_where_allowed, max_running_jobs=1)
    finish = partial(record_success_step_by_step, attempt_id=attempt.id, rendered=rendered(attempt))

    for work in (fail_overdue_queued, fail_overdue_running, release_held, finish):
        with transaction() as session, noted_statements() as noted:
            work(session)
        for statement, parameters in noted:
            if statement.lstrip().startswith(("SELECT", "WITH locked")):
                scans = [
                    node for node in _nodes(_explain(statement, parameters)) if node.get("Relation Name") == "jobs"
                ]
                assert "Seq Scan" not in {node["Node Type"] for node in scans}, statement
                assert sum(_rows_read(node) for node in scans) < 100, statement


def _fill_the_table(account_id: UUID, submit: Submit) -> None:
    submit(account_id)
    with transaction() as session:
        fill_jobs(session.connection())
    with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze jobs"))


def _explain_claim(prefer: Preference | None, *, count: int = 1) -> list[dict[str, Any]]:
    """PostgreSQL's plan of each statement of a claim of `count` jobs."""
    with noted_statements() as noted:
        worker = ClaimingWorker(pool="default", worker_id="worker", lease_seconds=30, prefer=prefer)
        assert len(claim_jobs(worker, count=count).attempts) == count
    return [
        # Explaining a claim by one statement claims the next jobs.
        _explain(statement, parameters)
        for statement, parameters in noted
        if "LIMIT" in statement
    ]


def _explain(statement: str, parameters: Any) -> dict[str, Any]:
    with transaction() as session:
        explained = session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        plan: dict[str, Any] = explained.scalar_one()[0]["Plan"]
    return plan


def _rows_read(node: dict[str, Any]) -> float:
    return float((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)
