"""The outlook of every pool: who is there to work, how fast, what runs, and what is paused. Read once a second at most by a
process, however many jobs are read.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.database import transaction
from core.jobs.priority import HELD
from core.logs import describe_error
from core.pools.pauses import list_pauses
from core.pools.presence import SeenWorker, list_workers
from core.pools.speed import Speed, join_speeds

_log = structlog.get_logger()

#: Seconds for which an outlook is good enough.
_FRESH_SECONDS = 1.0

# As many as workers can hold, through the index of running jobs.
_RUNNING = text("""
SELECT job.pool, job.model, count(*) AS jobs,
    sum(job.cost * (1 - least(attempt.step, attempt.steps)::float8 / attempt.steps)) AS cost
FROM (SELECT pool, model, cost, current_attempt_id FROM jobs WHERE status = 'running' LIMIT 1000) AS job
JOIN job_attempts AS attempt ON attempt.id = job.current_attempt_id
GROUP BY job.pool, job.model
""")


# The next jobs of each pool that claims see. Their cost is in the row itself, so it is read for all readers at once.
_NEXT = text("""
SELECT clock.pool, next.model, next.cost
FROM pool_clocks AS clock CROSS JOIN LATERAL (
    SELECT model, cost, priority, fair_position, id FROM jobs
    WHERE jobs.pool = clock.pool AND status = 'queued' AND priority < :held
    ORDER BY priority, fair_position, id LIMIT :next_of
) AS next
ORDER BY clock.pool, next.priority, next.fair_position, next.id
""")

#: Jobs of each pool whose work is read; those behind them are taken as their mean.
_NEXT_OF = 300


@dataclass(frozen=True)
class PoolOutlook:
    """What a job of the pool can expect."""

    #: Workers that are there and take jobs.
    workers: int = 0
    #: Whether a worker has a row, also one that drains or has died within the last minute.
    has_seen_workers: bool = False
    #: Models that at least one of them serves, has in memory, or loads.
    models: frozenset[str] = frozenset()
    loaded: frozenset[str] = frozenset()
    loading: frozenset[str] = frozenset()
    #: By model, as the workers have measured it.
    speeds: Mapping[str, Speed] = field(default_factory=dict)
    #: By model, of the jobs that run: how many, and the cost that is left of them.
    running: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    #: What the first job in the queue, the first two, and so on take of one worker's time, in seconds.
    work_of_next: Sequence[float] = ()
    #: Whether an operator has paused the whole pool, and the models that are paused in it.
    is_paused: bool = False
    paused_models: frozenset[str] = frozenset()

    def work_before(self, jobs: int) -> float:
        """Seconds of one worker's time that the first jobs of the queue take; 0 if nothing was measured."""
        if not self.work_of_next or jobs == 0:
            return 0.0
        if jobs <= len(self.work_of_next):
            return self.work_of_next[jobs - 1]
        return self.work_of_next[-1] * jobs / len(self.work_of_next)

    def find_speed(self, model: str) -> Speed | None:
        """What was measured of the model, or of the pool's other models if it has drawn nothing lately."""
        return find_speed(self.speeds, model)

    def serves(self, model: str) -> bool:
        """Whether anybody is there to render the model's jobs. A worker of the release before has no row, but it renders."""
        return model in self.models or (not self.has_seen_workers and bool(self.running))


class OutlookCache:
    """The latest outlook of this process. Safe to use from several threads: one of them reads it for all."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._reading = threading.Lock()
        self._pools: Mapping[str, PoolOutlook] = {}
        self._good_until = -1.0

    @property
    def latest(self) -> Mapping[str, PoolOutlook]:
        """What was read last, however old it is; nothing before the first time."""
        return self._pools

    def get(self, read: Callable[[], Mapping[str, PoolOutlook]]) -> Mapping[str, PoolOutlook]:
        """The outlook by pool, not older than a second; `read` is called if it is."""
        if self._clock() < self._good_until:
            return self._pools
        # Others use the old one for as long as one reads, if there is one.
        if not self._reading.acquire(blocking=self._good_until < 0):
            return self._pools
        try:
            if self._clock() >= self._good_until:
                self._pools = read()
                self._good_until = self._clock() + _FRESH_SECONDS
        finally:
            self._reading.release()
        return self._pools


@cache
def get_outlook_cache() -> OutlookCache:
    """The cache of this process."""
    return OutlookCache()


def find_outlook(session: Session, pool: str) -> PoolOutlook:
    """Returns the pool's outlook; one without workers if nobody works there. Reads it on the caller's connection, which is not
    asked for a second one.
    """
    return get_outlook_cache().get(lambda: read_outlook(session)).get(pool, PoolOutlook())


def find_outlook_alone(pool: str) -> PoolOutlook:
    """The same for a caller that holds no connection. It has committed or read what it answers with, so it does not fail here: a
    database that is away by now leaves it the latest outlook that there was.
    """
    cache = get_outlook_cache()
    try:
        return cache.get(_read_alone).get(pool, PoolOutlook())
    except SQLAlchemyError as error:
        _log.warning("outlook_not_read", error=describe_error(error))
        return cache.latest.get(pool, PoolOutlook())


def _read_alone() -> dict[str, PoolOutlook]:
    with transaction() as session:
        return read_outlook(session)


def read_outlook(session: Session) -> dict[str, PoolOutlook]:
    """Reads the outlook of every pool that has a worker, a running job or a pause."""
    seen = list_workers(session)
    pools_seen = {worker.pool for worker in seen}
    workers: defaultdict[str, list[SeenWorker]] = defaultdict(list)
    for worker in seen:
        if worker.is_live and not worker.is_draining:
            workers[worker.pool].append(worker)
    running: defaultdict[str, dict[str, tuple[int, float]]] = defaultdict(dict)
    for row in session.execute(_RUNNING):
        running[row.pool][row.model] = (row.jobs, float(row.cost))
    waiting: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
    for row in session.execute(_NEXT, {"held": HELD, "next_of": _NEXT_OF}):
        waiting[row.pool].append((row.model, row.cost))
    paused: defaultdict[str, set[str | None]] = defaultdict(set)
    for pause in list_pauses(session):
        paused[pause.pool].add(pause.model)
    speeds = {pool: _join(workers[pool]) for pool in list(workers)}
    return {
        pool: PoolOutlook(
            workers=len(workers[pool]),
            has_seen_workers=pool in pools_seen,
            models=_union(worker.models for worker in workers[pool]),
            loaded=_union(worker.loaded for worker in workers[pool]),
            loading=_union(worker.loading for worker in workers[pool]),
            speeds=speeds.get(pool, {}),
            work_of_next=_sum_up(waiting[pool], speeds.get(pool, {})),
            running=running[pool],
            is_paused=None in paused[pool],
            paused_models=frozenset(model for model in paused[pool] if model is not None),
        )
        for pool in {*pools_seen, *running, *paused}
    }


def find_speed(speeds: Mapping[str, Speed], model: str) -> Speed | None:
    """What was measured of the model, or else of all others together; None: nothing was."""
    if model in speeds:
        return speeds[model]
    return join_speeds(list(speeds.values())) if speeds else None


def _sum_up(jobs: list[tuple[str, float]], speeds: Mapping[str, Speed]) -> list[float]:
    if not speeds:
        return []
    known = {model: find_speed(speeds, model) for model in {model for model, _ in jobs}}
    return list(accumulate(speed.work(cost) for model, cost in jobs if (speed := known[model]) is not None))


def _union(lists: Iterable[list[str]]) -> frozenset[str]:
    return frozenset(model for models in lists for model in models)


def _join(workers: list[SeenWorker]) -> dict[str, Speed]:
    by_model: defaultdict[str, list[Speed]] = defaultdict(list)
    for worker in workers:
        for model, described in worker.speeds.items():
            by_model[model].append(Speed.of(described))
    return {model: join_speeds(speeds) for model, speeds in by_model.items()}
