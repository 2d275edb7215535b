"""What runs now, by worker and model. Other accounts' jobs are counted and not shown."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.jobs.own_queue.shared_reading import SharedReading
from core.pools.presence import SeenWorker, list_workers

# As many as workers can hold, through the index of running jobs.
_RUNNING = text("""
SELECT job.id, job.account_id, job.pool, job.model, attempt.worker_id, attempt.step, attempt.steps, attempt.started_at
FROM (SELECT id, account_id, pool, model, current_attempt_id FROM jobs WHERE status = 'running' LIMIT 5000) AS job
JOIN job_attempts AS attempt ON attempt.id = job.current_attempt_id
ORDER BY attempt.started_at, job.id
""")


class RunningJob(NamedTuple):
    """A job that runs."""

    id: UUID
    account_id: UUID
    pool: str
    model: str
    worker_id: str
    #: Denoising steps done, and how many there are.
    step: int
    steps: int
    started_at: datetime


@dataclass(frozen=True)
class Batch:
    """The jobs of one model that a worker has in hand; they share its forwards as far as their shapes do."""

    model: str
    jobs: int
    #: Those of the account.
    own: list[RunningJob]


@dataclass(frozen=True)
class BusyWorker:
    """A worker, and what it has in hand."""

    name: str
    pool: str
    #: Whether it was heard of within the last seconds; the jobs of one that was not are rescued when their leases run out.
    is_live: bool
    is_draining: bool
    slots: int | None
    loaded: list[str]
    loading: list[str]
    batches: list[Batch]


class _Seen(NamedTuple):
    running: list[RunningJob]
    workers: list[SeenWorker]


_seen = SharedReading[_Seen](seconds=1.0)


def list_busy_workers(session: Session, *, account_id: UUID) -> list[BusyWorker]:
    """All workers by pool, those without work among them; up to a second old."""
    seen = _seen.get(lambda: _read(session))
    in_hand: defaultdict[str, list[RunningJob]] = defaultdict(list)
    for job in seen.running:
        in_hand[job.worker_id].append(job)
    workers = [
        BusyWorker(
            name=name_worker(worker.worker_id),
            pool=worker.pool,
            is_live=worker.is_live,
            is_draining=worker.is_draining,
            slots=worker.slots,
            loaded=worker.loaded,
            loading=worker.loading,
            batches=_gather(in_hand.pop(worker.worker_id, []), account_id),
        )
        for worker in seen.workers
    ]
    # Workers that have died, or are of a release before presence, have no row.
    for worker_id, jobs in in_hand.items():
        batches = _gather(jobs, account_id)
        workers.append(BusyWorker(name_worker(worker_id), jobs[0].pool, False, False, None, [], [], batches))
    return workers


def name_worker(worker_id: str) -> str:
    """A short name that stays the same for the worker's life. Its id has the name of its machine, which is the operator's."""
    return f"worker-{hashlib.sha256(worker_id.encode()).hexdigest()[:6]}"


def forget_workers() -> None:
    """What runs is read anew."""
    _seen.forget()


def _read(session: Session) -> _Seen:
    return _Seen([RunningJob(*row) for row in session.execute(_RUNNING)], list_workers(session))


def _gather(jobs: list[RunningJob], account_id: UUID) -> list[Batch]:
    by_model: defaultdict[str, list[RunningJob]] = defaultdict(list)
    for job in jobs:
        by_model[job.model].append(job)
    return [
        Batch(model, len(of_model), [job for job in of_model if job.account_id == account_id])
        for model, of_model in sorted(by_model.items())
    ]
