"""Whether the engine has room for another job: until then jobs wait in the queue, where their order is fair and can
still change, and not in here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.jobs.attempts.affinity import Shape
from core.jobs.attempts.claim import ClaimedAttempt
from worker.rendering.batching import BatchJob

#: Share of a batch that a job is taken to need until its first call tells.
_UNKNOWN_SHARE = 0.25

#: Seconds between looks, besides those at every change that is announced: shares shrink when admission learns.
_LOOK_SECONDS = 0.02


class Place:
    """A job's part of the room, from before its claim until its last denoising step."""

    def __init__(self, job: BatchJob, give_up: Callable[[Place], None]) -> None:
        self.job = job
        #: What the job draws; None before its claim.
        self.shape: Shape | None = None
        self._give_up = give_up

    @property
    def share(self) -> float:
        """Of what the engine takes at once."""
        return _UNKNOWN_SHARE if self.job.share is None else self.job.share

    def take(self, attempt: ClaimedAttempt) -> None:
        """The job has been claimed."""
        self.shape = Shape.of(attempt.model, attempt.request)

    def give_up(self) -> None:
        """Let the next job be claimed. Twice is once."""
        self._give_up(self)


class Room:
    """Full when the jobs in it fill a batch of the size that pays."""

    def __init__(self) -> None:
        self._places: set[Place] = set()
        #: Jobs from before their claim until their end, those included that have given up their place.
        self._visitors = 0
        self._changed = threading.Condition()
        #: One at a time looks for room and claims, so that two do not take the same last place.
        self._door = threading.Lock()

    @contextmanager
    def wait_for_place(self, job: BatchJob) -> Iterator[Place]:
        """Wait until there is room, and hold a place until the block ends at the latest."""
        with self._door, self._changed:
            while self._is_full():
                self._changed.wait(_LOOK_SECONDS)
            place = Place(job, self._leave)
            self._places.add(place)
            self._visitors += 1
        try:
            yield place
        finally:
            place.give_up()
            with self._changed:
                self._visitors -= 1
                self._changed.notify_all()

    def shapes(self) -> frozenset[Shape]:
        """What is being drawn: another job of one of these can join it."""
        with self._changed:
            return frozenset(place.shape for place in self._places if place.shape is not None)

    def has_place(self, *, threads: int) -> bool:
        """Whether one of so many threads would get a place at once."""
        with self._changed:
            return self._visitors < threads and not self._is_full()

    def wait_until_left(self, remaining: Callable[[], int], *, seconds: float) -> None:
        """Wait until no more than so many jobs have not come to their end, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._visitors <= remaining(), timeout=seconds)

    def _is_full(self) -> bool:
        return sum(place.share for place in self._places) >= 1.0 - _UNKNOWN_SHARE / 2

    def _leave(self, place: Place) -> None:
        with self._changed:
            self._places.discard(place)
            self._changed.notify_all()
