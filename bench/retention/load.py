"""The load beside the pruning: submits and claims, each timed with its commit, and the longest wait for a lock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Engine, text

from bench.queue.tables import submit_one
from bench.timing import time_transaction
from core.jobs.attempts.claim_step_by_step import claim_step_by_step
from core.jobs.attempts.claiming_worker import ClaimingWorker

_POOL = "default"

#: Between two pairs of a submit and a claim: about 40 a second, far more than any GPU takes.
_PAUSE_SECONDS = 0.02

_WAITING = """
select coalesce(max(extract(epoch from clock_timestamp() - query_start)), 0) * 1000 from pg_stat_activity
where wait_event_type = 'Lock' and datname = current_database()
"""


@dataclass
class Load:
    """Milliseconds of each submit and claim, and of the longest wait for a lock."""

    submits: list[float] = field(default_factory=list)
    claims: list[float] = field(default_factory=list)
    longest_wait: float = 0.0

    def describe(self) -> dict[str, float]:
        """p50, p99 and the longest of each."""
        figures: dict[str, float] = {"longest_lock_wait_ms": self.longest_wait}
        for name, times in (("submit", sorted(self.submits)), ("claim", sorted(self.claims))):
            figures |= {
                f"{name}s": len(times),
                f"{name}_p50_ms": times[len(times) // 2],
                f"{name}_p99_ms": times[len(times) * 99 // 100],
                f"{name}_max_ms": times[-1],
            }
        return figures


@contextmanager
def submitting_and_claiming(engine: Engine, account_id: UUID) -> Iterator[Load]:
    """Submit and claim in turns, and read the locks every 5 ms, until the block ends."""
    load, stop = Load(), threading.Event()

    def work() -> None:
        while not stop.wait(_PAUSE_SECONDS):
            load.submits.append(time_transaction(engine, lambda session: submit_one(session, account_id)))
            load.claims.append(
                time_transaction(
                    engine,
                    lambda session: claim_step_by_step(
                        session, ClaimingWorker(pool=_POOL, worker_id="bench", lease_seconds=3600)
                    ),
                )
            )

    def watch() -> None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not stop.wait(0.005):
                load.longest_wait = max(load.longest_wait, float(connection.execute(text(_WAITING)).scalar_one()))

    threads = [threading.Thread(target=work), threading.Thread(target=watch)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join()
