"""`python -m bench.soak.run JOBS`: one soak in a process of its own, on the servers that its environment names."""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import statistics
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass

import psutil
from prometheus_client.metrics import MetricWrapperBase
from sqlalchemy import func, select

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from bench.soak.traffic import Traffic
from core.database import transaction
from core.jobs.status import FINISHED
from core.jobs.tables import Job
from core.logs import configure_logging
from core.metrics import MODEL_EVICTIONS, MODEL_LOADS
from core.settings import get_settings
from worker.rendering.run_job import run_next_job
from worker.rendering.runtime import Runtime, get_runtime

_THREADS = 6


@dataclass(frozen=True)
class Figures:
    """The figures of one soak."""

    jobs: int
    statuses: dict[str, int]
    seconds: float
    model_loads: int
    model_evictions: int
    wait_seconds_p50: float
    wait_seconds_p99: float
    wait_seconds_max: float
    #: Mean of each quarter of the jobs, in MB.
    memory_mb: list[float]


def main() -> None:
    """Print the figures as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak.run", description=__doc__)
    parser.add_argument("jobs", type=int)
    jobs = parser.parse_args().jobs
    configure_logging(get_settings())
    # As a rendering worker does, before its first model.
    gc.collect()
    gc.freeze()
    sys.stdout.write(json.dumps(dataclasses.asdict(soak(jobs))) + "\n")


def soak(jobs: int) -> Figures:
    """Submit this number of jobs and run all of them to their end."""
    runtime = get_runtime()
    traffic = Traffic(jobs)
    memory: list[int] = []
    is_over = threading.Event()
    threads = [threading.Thread(target=_work, args=(runtime, memory, is_over)) for _ in range(_THREADS)]
    started = time.monotonic()
    for thread in (traffic.thread, *threads):
        thread.start()
    while _count_finished() < jobs:
        if not traffic.thread.is_alive() and not any(thread.is_alive() for thread in threads):
            raise RuntimeError("the workers ended before the jobs did")
        time.sleep(0.2)
    is_over.set()
    for thread in threads:
        thread.join()
    return _summarise(jobs, time.monotonic() - started, memory)


def _work(runtime: Runtime, memory: list[int], is_over: threading.Event) -> None:
    process = psutil.Process()
    while not is_over.is_set():
        if run_next_job(runtime):
            memory.append(process.memory_info().rss)
        else:
            time.sleep(0.02)


def _count_finished() -> int:
    with transaction() as session:
        query = select(func.count()).select_from(Job).where(Job.status.in_(FINISHED))
        return session.execute(query).scalar_one()


def _summarise(jobs: int, seconds: float, memory: list[int]) -> Figures:
    with transaction() as session:
        rows = session.execute(
            select(Job.status, func.extract("epoch", Job.started_at - Job.created_at)).where(
                Job.started_at.is_not(None)
            )
        ).all()
    waits = [float(wait) for _, wait in rows]
    percentiles = statistics.quantiles(waits, n=100)
    quarter = len(memory) // 4
    return Figures(
        jobs=jobs,
        statuses=dict(Counter(status for status, _ in rows)),
        seconds=round(seconds, 1),
        model_loads=_total(MODEL_LOADS),
        model_evictions=_total(MODEL_EVICTIONS),
        wait_seconds_p50=round(percentiles[49], 2),
        wait_seconds_p99=round(percentiles[98], 2),
        wait_seconds_max=round(max(waits), 2),
        memory_mb=[
            round(statistics.mean(memory[number * quarter : (number + 1) * quarter]) / 1e6, 1) for number in range(4)
        ],
    )


def _total(metric: MetricWrapperBase) -> int:
    return int(
        sum(sample.value for family in metric.collect() for sample in family.samples if sample.name.endswith("_total"))
    )


if __name__ == "__main__":
    main()
