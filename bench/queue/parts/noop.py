"""No-op jobs a second: our life of a job, from its claim to its commit, beside stock Celery with results on.

Jobs and messages are prepared under another name and handed over by one RENAME, so that sending is not measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Protocol

from sqlalchemy import text

from bench.process_tree import ProcessTree
from bench.queue.bench import Bench, in_turns, wait_until
from bench.queue.peers import stock_celery
from bench.queue.tables import empty_tables, fill_queue
from core.database import get_engine
from core.doorbell import RENDER_NEXT, WEBHOOK_QUEUE, get_doorbell, render_queue
from infra.local.application import answers

_STAGED = "bench-staged"
_RESULTS_DATABASE = 1
_ACCOUNTS = 10
_WARM_UP_JOBS = 50
_SECONDS_TO_START = 60
_SECONDS_TO_FINISH = 120


class NoopSystem(Protocol):
    """Workers that wait for jobs in `queue`, and how to give them some."""

    name: str
    queue: str
    trees: Sequence[ProcessTree]

    def stage(self, jobs: int) -> None:
        """Prepare this number of jobs, with a message for each in the staging list."""

    def is_done(self, jobs: int) -> bool:
        """Whether all of them have ended and their results are stored."""


def measure_noop_jobs(bench: Bench) -> None:
    """Cells `noop` (jobs/s) and `noop cpu` (CPU ms of each job: of the workers, the database, the broker)."""
    with ExitStack() as running:
        systems: list[NoopSystem] = [
            running.enter_context(_our_workers(bench, processes=1)),
            running.enter_context(_our_workers(bench, processes=2)),
            running.enter_context(_stock_celery(bench, pool="prefork")),
            running.enter_context(_stock_celery(bench, pool="threads")),
        ]
        for one in systems:
            _run_jobs(bench, one, _WARM_UP_JOBS)
        for number in range(bench.plan.rounds):
            bench.say(f"no-op jobs, round {number + 1} of {bench.plan.rounds}")
            for one in in_turns(systems, f"noop {number}"):
                _measure(bench, one)


def _measure(bench: Bench, system: NoopSystem) -> None:
    jobs = bench.plan.noop_jobs
    before = _read_cpu(bench, system)
    seconds = _run_jobs(bench, system, jobs)
    after = _read_cpu(bench, system)
    bench.results.add("noop", system.name, "", [jobs / seconds])
    for part, used in after.items():
        bench.results.add("noop cpu", system.name, part, [(used - before[part]) * 1000 / jobs])


def _run_jobs(bench: Bench, system: NoopSystem, jobs: int) -> float:
    client = bench.connect_redis()
    system.stage(jobs)
    begin = time.perf_counter()
    client.rename(_STAGED, system.queue)
    wait_until(lambda: system.is_done(jobs), seconds=_SECONDS_TO_FINISH, what=f"the end of {jobs} jobs ({system.name})")
    seconds = time.perf_counter() - begin
    # Rings whose job was already claimed, and those for webhooks, which nothing serves here.
    client.delete(system.queue, WEBHOOK_QUEUE)
    return seconds


def _read_cpu(bench: Bench, system: NoopSystem) -> dict[str, float]:
    return {
        "workers": sum(tree.cpu_seconds() for tree in system.trees),
        "database": bench.server_cpu_seconds("database"),
        "broker": bench.server_cpu_seconds("redis"),
    }


class _OurWorkers:
    def __init__(self, name: str, trees: Sequence[ProcessTree]) -> None:
        self.name = name
        self.trees = trees
        self.queue = render_queue(name)

    def stage(self, jobs: int) -> None:
        empty_tables(get_engine())
        fill_queue(get_engine(), rows=jobs, accounts=_ACCOUNTS, pool=self.name)
        if not get_doorbell().ring(_STAGED, RENDER_NEXT, times=jobs):
            raise RuntimeError("the rings did not leave")

    def is_done(self, jobs: int) -> bool:  # noqa: ARG002  (the table has the number)
        with get_engine().connect() as connection:
            # Each half reads an index that is empty at the end.
            open_ = "select from jobs where status = 'queued'", "select from jobs where status = 'running'"
            return not connection.execute(
                text(f"select {' or '.join(f'exists ({one})' for one in open_)}")
            ).scalar_one()


@contextmanager
def _our_workers(bench: Bench, *, processes: int) -> Iterator[_OurWorkers]:
    name = f"ours-{processes}"
    with ExitStack() as running:
        trees = []
        for number in range(processes):
            port = bench.ports.reserve()
            trees.append(
                running.enter_context(
                    bench.process(
                        f"{name}.{number}",
                        *("-m", "bench.queue.noop_worker"),
                        RENDER_POOL=name,
                        RENDER_CONCURRENCY=str(bench.plan.worker_threads),
                        WORKER_METRICS_PORT=str(port),
                    )
                )
            )
            wait_until(partial(answers, port, "/metrics"), seconds=_SECONDS_TO_START, what=f"the start of {name}")
        yield _OurWorkers(name, trees)


class _StockCelery:
    def __init__(self, bench: Bench, pool: str, trees: Sequence[ProcessTree]) -> None:
        self.name = f"celery-{pool}"
        self.queue = self.name
        self.trees = trees
        self._results = bench.connect_redis(_RESULTS_DATABASE)
        self._app = stock_celery.app
        self._app.conf.update(broker_url=bench.redis_url(), result_backend=bench.redis_url(_RESULTS_DATABASE))

    def stage(self, jobs: int) -> None:
        self._results.flushdb()
        with self._app.producer_or_acquire() as producer:
            for _ in range(jobs):
                self._app.send_task(stock_celery.TASK, queue=_STAGED, producer=producer)

    def is_done(self, jobs: int) -> bool:
        return int(self._results.dbsize()) >= jobs


@contextmanager
def _stock_celery(bench: Bench, *, pool: str) -> Iterator[_StockCelery]:
    name = f"celery-{pool}"
    # Prefork is Celery's default, with a process for each core; our workers use threads.
    options = ("--pool=threads", f"--concurrency={bench.plan.worker_threads}") if pool == "threads" else ()
    with bench.process(
        name,
        *("-m", "celery", "--app", "bench.queue.peers.stock_celery", "worker", "--loglevel=WARNING"),
        *(f"--queues={name}", f"--hostname={name}@%h", *options),
        **{
            stock_celery.BROKER_URL: bench.redis_url(),
            stock_celery.RESULTS_URL: bench.redis_url(_RESULTS_DATABASE),
        },
    ) as tree:
        yield _StockCelery(bench, pool, [tree])
