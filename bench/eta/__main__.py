"""`python -m bench.eta`: send mixed jobs to a whole service at 0.8 of its capacity, and compare estimates with what came.

It first sends a batch at once, which measures the capacity and lets the worker measure its speed. Then jobs come at random
(as a Poisson process). The estimate is the one in the answer to the submit. Exits with 1 if fewer estimates hold than should.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from bench.eta.client import Client
from bench.figures import percentile
from bench.machine import describe_machine
from core.jobs.status import FINISHED
from infra.local import LocalStack

#: Jobs of these kinds come in equal numbers.
_SIZES = ((64, 64), (128, 128), (128, 64))
_STEPS = (6, 12, 24, 40)
_IMAGES = (1, 1, 2)

_POLL_SECONDS = 0.2

#: The least shares of the jobs whose estimates hold.
_LIMITS = {"under_p90": 0.85, "within_factor_2_of_p50": 0.6}


@dataclass(frozen=True)
class Outcome:
    """One job: what was estimated when it was sent, and what came. Seconds."""

    position: int
    p50: float
    p90: float
    took: float

    @property
    def is_under_p90(self) -> bool:
        return self.took <= self.p90

    @property
    def is_near_p50(self) -> bool:
        return self.p50 / 2 <= self.took <= self.p50 * 2


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.eta", description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--warm-up-jobs", type=int, default=80)
    parser.add_argument("--load", type=float, default=0.8, help="share of the capacity (0.8)")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--accounts", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--result", type=Path, help="where to write the figures, as JSON")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with ExitStack() as held:
        stack = held.enter_context(LocalStack(workers=options.workers))
        os.environ.update(stack.environment)
        clients = [
            held.enter_context(closing(Client(stack.url, f"account-{number}"))) for number in range(options.accounts)
        ]
        capacity = _measure_capacity(clients, chance, jobs=options.warm_up_jobs)
        outcomes = _send_at(options.load * capacity, clients, chance, jobs=options.jobs)
    figures = {
        "command": f"python -m bench.eta --jobs {options.jobs} --load {options.load:g} --workers {options.workers} "
        f"--seed {options.seed}",
        "machine": describe_machine(["torch", "diffusers"]),
        "capacity_jobs_per_second": round(capacity, 3),
        **summarise(outcomes),
        "jobs": [asdict(outcome) for outcome in outcomes],
    }
    written = json.dumps(figures, indent=2)
    print(json.dumps({name: value for name, value in figures.items() if name != "jobs"}, indent=2))
    if options.result:
        options.result.write_text(written + "\n", encoding="utf-8")
    raise SystemExit(any(figures[name] < least for name, least in _LIMITS.items()))


def summarise(outcomes: list[Outcome]) -> dict[str, Any]:
    """The shares that the estimates are judged by, and what the jobs were like."""
    took = [outcome.took for outcome in outcomes]
    return {
        "under_p90": round(sum(outcome.is_under_p90 for outcome in outcomes) / len(outcomes), 3),
        "within_factor_2_of_p50": round(sum(outcome.is_near_p50 for outcome in outcomes) / len(outcomes), 3),
        "took_seconds": {f"p{share}": round(percentile(took, share), 2) for share in (10, 50, 90, 99)},
        "took_by_p50": {
            f"p{share}": round(percentile([each.took / each.p50 for each in outcomes], share), 2)
            for share in (10, 50, 90)
        },
        "sent_behind_others": round(sum(outcome.position > 0 for outcome in outcomes) / len(outcomes), 3),
        "longest_queue": max(outcome.position for outcome in outcomes),
    }


def _draw_request(chance: random.Random) -> dict[str, Any]:
    width, height = chance.choice(_SIZES)
    return {
        "width": width,
        "height": height,
        "num_inference_steps": chance.choice(_STEPS),
        "num_images": chance.choice(_IMAGES),
    }


def _measure_capacity(clients: list[Client], chance: random.Random, *, jobs: int) -> float:
    """Jobs of this mixture per second, while there are always some that wait."""
    sent = [(clients[0], clients[0].submit(**_draw_request(chance))) for _ in range(jobs)]
    ended = _wait_for(sent)
    # Without the first ones, in which the worker learns, and the last ones, in which it runs dry.
    ends = sorted(_parse(job["finished_at"]) for job in ended)[jobs // 4 : -max(1, jobs // 10)]
    return (len(ends) - 1) / (ends[-1] - ends[0])


def _send_at(jobs_per_second: float, clients: list[Client], chance: random.Random, *, jobs: int) -> list[Outcome]:
    sent, due = [], time.monotonic() + 2
    for _ in range(jobs):
        due += chance.expovariate(jobs_per_second)
        time.sleep(max(0.0, due - time.monotonic()))
        client = chance.choice(clients)
        sent.append((client, client.submit(**_draw_request(chance))))
    ended = _wait_for(sent)
    return [
        Outcome(
            position=answered["queue"]["position"],
            p50=answered["queue"]["eta_seconds"]["p50"],
            p90=answered["queue"]["eta_seconds"]["p90"],
            took=_parse(job["finished_at"]) - _parse(job["created_at"]),
        )
        for (_, answered), job in zip(sent, ended, strict=True)
    ]


def _wait_for(sent: list[tuple[Client, dict[str, Any]]]) -> list[dict[str, Any]]:
    ended = []
    for client, job in sent:
        while (read := client.read(job))["status"] not in FINISHED:
            time.sleep(_POLL_SECONDS)
        if read["status"] != "succeeded":
            raise RuntimeError(f"a job has {read['status']}: {read['failure']}")
        ended.append(read)
    return ended


def _parse(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


if __name__ == "__main__":
    main()
