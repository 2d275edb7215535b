"""The soak in small: what `make soak` does for minutes, in half of one."""

from __future__ import annotations

import time

import pytest

from tests.soak.kinds import KINDS, LANES
from tests.soak.plan import build_plan
from tests.soak.report import describe
from tests.soak.result import read_result
from tests.soak.run import soaking
from tests.soak.verdict import find_broken_rules


@pytest.mark.timeout(240)
def test_300_jobs_and_30_faults_break_no_rule() -> None:
    """Accepted jobs are not lost, whatever breaks; and the verdict sees it when one is, or when a webhook lied."""
    plan = build_plan(5, jobs=300, faults=30, lanes=LANES)
    started = time.monotonic()
    with soaking(plan, workers=2, lease_seconds=3, webhook_seconds=0) as soak:
        result = read_result(soak, seconds=time.monotonic() - started)
        print("\n".join(describe(result)))
        assert result.broken_rules == []
        assert (result.accepted, sum(result.ends.values())) == (300, result.rows)
        assert (sum(result.faults.values()), len(result.faults)) == (30, 30)

        lost = next(iter(soak.traffic.accepted))
        soak.traffic.accepted["job_" + "0" * 32] = 0
        soak.service.query("update jobs set status = 'cancelled' where id = %s and status = 'succeeded'", lost[4:])
        broken = "\n".join(find_broken_rules(soak.service, soak.told))
        assert "every accepted job has a row: job_00000000000000000000000000000000" in broken


def test_a_seed_is_a_plan() -> None:
    """The same seed draws the same requests and faults, and another one others; every kind of fault comes."""
    first, second, other = (build_plan(seed, jobs=500, faults=60, lanes=LANES) for seed in (1, 1, 2))

    assert first == second
    assert first.orders != other.orders
    assert first.faults != other.faults
    assert {fault.kind for lane in first.faults.values() for fault in lane} == set(KINDS)
