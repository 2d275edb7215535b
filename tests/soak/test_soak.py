"""The soak in small: what `make soak` does for minutes, in half of one."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tests.database.pooler import require_pgbouncer
from tests.soak.kinds import ALWAYS, KINDS, LANES
from tests.soak.plan import build_plan
from tests.soak.report import describe
from tests.soak.result import read_result
from tests.soak.run import soaking
from tests.soak.verdict import list_broken_rules

_LOST = "job_" + "0" * 32

#: A worker takes longest to start: here only fault points end one.
_FEW_STARTS = LANES | {
    "processes": [
        *("worker: frozen past its lease", "worker: frozen for a moment", "api: SIGKILL below gunicorn", "api: frozen"),
        *("dispatcher: SIGKILL", "dispatcher: frozen", "beat: SIGKILL", "beat: frozen"),
    ]
}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_300_jobs_and_30_faults_break_no_rule() -> None:
    """Accepted jobs are not lost, whatever breaks; and the verdict sees it when one is, or when a webhook lied."""
    plan = build_plan(5, jobs=300, faults=30, lanes=_FEW_STARTS, always=ALWAYS)
    started = time.monotonic()
    with soaking(plan, workers=2, lease_seconds=3, webhook_seconds=0) as soak:
        result = read_result(soak, seconds=time.monotonic() - started)
        print("\n".join(describe(result)))
        assert result.broken_rules == []
        assert (result.accepted, sum(result.ends.values())) == (300, result.rows)
        assert (sum(result.faults.values()), len(result.faults)) == (30, 30)

        soak.traffic.accepted[_LOST] = 0
        soak.told.received.append(replace(soak.told.received[0], type="job.failed"))
        # Of a job that is still there: those that are deleted have usage too, and no row to miss it.
        [(kept,)] = soak.service.query(
            "delete from usage_records where job_id = (select min(id::text)::uuid from jobs where status = 'succeeded' "
            "and deleted_at is null) returning job_id"
        )
        broken = {
            line.partition(": ")[0]: line.partition(": ")[2] for line in list_broken_rules(soak.service, soak.told)
        }
        assert broken["every accepted job has a row, or a receipt of its deletion"] == _LOST
        assert broken["usage is counted once for every succeeded job, and for no other"] == str(kept)
        assert "a webhook came that no event is behind" in broken


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_jobs_go_through_a_pooler_while_processes_die() -> None:
    """PgBouncer in transaction mode: nothing is lost, and no job stays running."""
    require_pgbouncer()
    plan = build_plan(6, jobs=120, faults=10, lanes=LANES)
    started = time.monotonic()
    with soaking(plan, workers=2, lease_seconds=3, webhook_seconds=0, pooler="transaction") as soak:
        result = read_result(soak, seconds=time.monotonic() - started)
        print("\n".join(describe(result)))

    assert result.broken_rules == []
    assert (result.accepted, sum(result.ends.values())) == (120, result.rows)


def test_a_seed_is_a_plan() -> None:
    """The same seed draws the same requests and faults, and another one others; every kind of fault comes, and those that always
    come also come among few.
    """
    first, second, other = (build_plan(seed, jobs=500, faults=len(KINDS), lanes=LANES) for seed in (1, 1, 2))

    assert first == second
    assert first.orders != other.orders
    assert first.faults != other.faults
    assert {fault.kind for lane in first.faults.values() for fault in lane} == set(KINDS)

    few = build_plan(1, jobs=500, faults=4, lanes=LANES, always=ALWAYS)
    assert {fault.kind for lane in few.faults.values() for fault in lane} >= set(ALWAYS)
    assert sum(map(len, few.faults.values())) == 4
