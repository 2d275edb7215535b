"""What came out of a soak, as figures."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from bench.figures import percentile
from tests.faults.service import Service
from tests.soak.keeper import role_of
from tests.soak.soak import Broken, Soak
from tests.soak.traffic import Submit
from tests.soak.verdict import list_broken_rules

#: Submits that take longer are looked at, and so many of them are named.
_SLOW_SECONDS = 1.5
_MOST_EXPLAINED = 12

#: What has died is felt until its successor is there.
_AFTERMATH_SECONDS = 6.0


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
    #: Jobs that their senders deleted, and those whose images expired.
    deleted: int
    expired: int
    webhooks: int
    #: How submits were answered.
    answers: dict[str, int]
    submit_seconds_p50: float
    submit_seconds_p99: float
    submit_seconds_max: float
    #: Of those over a second and a half the slowest, each with what was broken then.
    slowest_submits: list[dict[str, object]]
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
    broken = list_broken_rules(service, soak.told)
    recoveries = [float(row[0]) for row in service.query(_RECOVERIES)] or [0.0]
    submits = [submit.seconds for submit in traffic.submits] or [0.0]
    point_faults = _read_point_faults(service)
    [(images,)] = service.query("select count(*) from artifacts where kind = 'output'")
    [(rows, expired)] = service.query("select count(*), count(expired_at) from jobs")
    return Result(
        seed=soak.plan.seed,
        machine=f"{os.cpu_count()} cores, no GPU",
        seconds=round(seconds, 1),
        accepted=len(traffic.accepted),
        rows=rows,
        ends=_count(service, "select concat_ws(': ', status, failure_code), count(*) from jobs group by 1 order by 1"),
        attempts=_count(service, "select status, count(*) from job_attempts group by 1 order by 1"),
        images=images,
        deleted=len(traffic.deleted),
        expired=expired,
        webhooks=len(soak.told.received),
        answers=dict(sorted(traffic.answers.items())),
        submit_seconds_p50=round(percentile(submits, 50), 3),
        submit_seconds_p99=round(percentile(submits, 99), 3),
        submit_seconds_max=round(max(submits), 3),
        slowest_submits=_explain_slowest(traffic.submits, [*soak.broken, *point_faults]),
        recovery_seconds_p50=round(percentile(recoveries, 50), 2),
        recovery_seconds_max=round(max(recoveries), 2),
        restarts=sum(soak.ground.keeper.starts.values()),
        faults=dict(sorted(soak.injected.items())),
        point_faults=dict(sorted(Counter(fault.kind for fault in point_faults).items())),
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


def _read_point_faults(service: Service) -> list[Broken]:
    """From the logs: a process says what happens to it before it does."""
    faults: list[Broken] = []
    for part in service.stack.parts:
        for line in part.log_path.read_text(errors="replace").splitlines():
            if '"fault_injected"' in line and line.startswith("{"):
                event = json.loads(line)
                kind = f"{role_of(part)}: {event['fault_action']} at {event['fault_point']}"
                moment = datetime.fromisoformat(event["timestamp"]).timestamp()
                faults.append(Broken(kind, moment, moment))
    return faults


def _explain_slowest(submits: Sequence[Submit], faults: Sequence[Broken]) -> list[dict[str, object]]:
    slow = sorted((submit for submit in submits if submit.seconds > _SLOW_SECONDS), key=lambda submit: -submit.seconds)
    return [
        {
            "seconds": round(submit.seconds, 2),
            "meanwhile": sorted(
                {
                    fault.kind
                    for fault in faults
                    if fault.begin <= submit.answered_at
                    and submit.sent_at <= fault.end + _AFTERMATH_SECONDS
                    # A submit waits for no worker.
                    and not fault.kind.startswith("worker: ")
                }
            ),
        }
        for submit in slow[:_MOST_EXPLAINED]
    ]
