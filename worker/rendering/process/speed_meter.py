"""Measure how long this worker's jobs take: each for itself, and as its part of the time that they share."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.pools.speed import Sample, Speed, fit_speed

#: Jobs of a model that are remembered: the newest ones.
_REMEMBERED = 64


class MeasuredJob:
    """A job that is being run."""

    def __init__(self, began_at: float, work_at: float) -> None:
        self.began_at = began_at
        #: What the shared clock stood at.
        self.work_at = work_at
        self.company = 1
        #: Its model and its cost, once it has succeeded.
        self.kept: tuple[str, float] | None = None

    def keep(self, model: str, cost: float) -> None:
        """The job has succeeded, and is as good as the next one of its model."""
        self.kept = (model, cost)


class SpeedMeter:
    """The jobs of one process. Safe to use from several threads."""

    def __init__(
        self,
        *,
        load_seconds: Callable[[], dict[str, float]] = dict,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`load_seconds` returns what the load of each model took."""
        self._load_seconds = load_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._running: set[MeasuredJob] = set()
        #: A clock that goes slower the more jobs share the process: its differences are the work of one of them.
        self._work = 0.0
        self._worked_at = clock()
        self._samples: dict[str, deque[Sample]] = {}

    @contextmanager
    def job(self) -> Iterator[MeasuredJob]:
        """Measure the job that the block runs, from its claim to its recorded end."""
        with self._lock:
            now = self._move_on()
            job = MeasuredJob(now, self._work)
            self._running.add(job)
            for each in self._running:
                each.company = max(each.company, len(self._running))
        try:
            yield job
        finally:
            with self._lock:
                now = self._move_on()
                self._running.discard(job)
                if job.kept is not None:
                    model, cost = job.kept
                    seconds, work = now - job.began_at, self._work - job.work_at
                    sample = Sample(cost, seconds, seconds / work if work > 0 else 1.0, job.company)
                    self._samples.setdefault(model, deque(maxlen=_REMEMBERED)).append(sample)

    def fit(self) -> dict[str, Speed]:
        """What the newest jobs of each model have shown."""
        with self._lock:
            samples = {model: list(kept) for model, kept in self._samples.items()}
        loads = self._load_seconds()
        return {model: fit_speed(kept, load_seconds=loads.get(model, 0.0)) for model, kept in samples.items()}

    def _move_on(self) -> float:
        now = self._clock()
        if self._running:
            self._work += (now - self._worked_at) / len(self._running)
        self._worked_at = now
        return now
