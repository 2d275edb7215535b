"""What came out of a soak, as figures."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.figures import percentile
from tests.faults.service import Service
from tests.soak.soak import Soak
from tests.soak.verdict import find_broken_rules


@dataclass(frozen=True)
class Result:
    """One soak."""

    seed: int
    machine: str
    seconds: float
    #: Answered with 202; and all rows, among them those whose sender was not answered.
    accepted: int
    rows: int
    #: How jobs ended: the status, with the failure code of those that failed.
    ends: dict[str, int]
    #: What became of their attempts.
    attempts: dict[str, int]
    images: int
    webhooks: int
    #: How submits were answered.
    answers: dict[str, int]
    submit_seconds_p50: float
    submit_seconds_p99: float
    submit_seconds_max: float
    #: From the last sign of life of a worker that lost its job to the job's next claim.
    recovery_seconds_p50: float
    recovery_seconds_max: float
    #: Processes of the service that were started again.
    restarts: int
    #: How often each kind of fault happened: those of the plan, and those at armed fault points.
    faults: dict[str, int]
    point_faults: dict[str, int]
    broken_rules: list[str]

    def write(self, folder: Path) -> Path:
        """As JSON, under the seed."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.accepted}-jobs-seed-{self.seed}.json"
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        return path


def read_result(soak: Soak, *, seconds: float) -> Result:
    """Judge, and count what there is when all is over."""
    service, traffic = soak.service, soak.traffic
    broken = find_broken_rules(service, soak.told)
    recoveries = [float(row[0]) for row in service.query(_RECOVERIES)] or [0.0]
    submits = traffic.submit_seconds or [0.0]
    [(images,)] = service.query("select count(*) from artifacts where kind = 'output'")
    [(rows,)] = service.query("select count(*) from jobs")
    return Result(
        seed=soak.plan.seed,
        machine=f"{os.cpu_count()} cores, no GPU",
        seconds=round(seconds, 1),
        accepted=len(traffic.accepted),
        rows=rows,
        ends=_count(service, "select concat_ws(': ', status, failure_code), count(*) from jobs group by 1 order by 1"),
        attempts=_count(service, "select status, count(*) from job_attempts group by 1 order by 1"),
        images=images,
        webhooks=len(soak.told.received),
        answers=dict(sorted(traffic.answers.items())),
        submit_seconds_p50=round(percentile(submits, 50), 3),
        submit_seconds_p99=round(percentile(submits, 99), 3),
        submit_seconds_max=round(max(submits), 3),
        recovery_seconds_p50=round(percentile(recoveries, 50), 2),
        recovery_seconds_max=round(max(recoveries), 2),
        restarts=sum(soak.ground.keeper.starts.values()),
        faults=dict(sorted(soak.injected.items())),
        point_faults=_count_point_faults(service),
        broken_rules=broken,
    )


#: Of first attempts alone: before a third one there is a delay.
_RECOVERIES = """
    select extract(epoch from b.started_at - a.heartbeat_at) from job_attempts a
    join job_attempts b on b.job_id = a.job_id and b.attempt_number = 2
    where a.attempt_number = 1 and a.status = 'expired'
"""


def _count(service: Service, statement: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in service.query(statement)}


def _count_point_faults(service: Service) -> dict[str, int]:
    """From the logs: a process says what happens to it before it does."""
    counts: Counter[str] = Counter()
    for part in service.stack.parts:
        for line in part.log_path.read_text(errors="replace").splitlines():
            if '"fault_injected"' in line and line.startswith("{"):
                event = json.loads(line)
                counts[f"{part.name.partition('-')[0]}: {event['fault_action']} at {event['fault_point']}"] += 1
    return dict(sorted(counts.items()))
