"""Whether the engine has a slot for another job. Until it has one, jobs wait in the queue, where their order is fair and
can still change, and not in the worker.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.jobs.attempts.affinity import Shape
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from worker.rendering.batching import BatchJob

#: Share of a batch that a job is assumed to need until its first call shows it.
_UNKNOWN_SHARE = 0.25

#: Seconds between checks, besides the one after every notified change: shares shrink when admission learns.
_LOOK_SECONDS = 0.02


class Slot:
    """A job's part of the capacity, from before its claim until its last denoising step."""

    def __init__(self, job: BatchJob, release: Callable[[Slot], None]) -> None:
        self.job = job
        #: The shape that the job draws; None before its claim.
        self.shape: Shape | None = None
        self._release = release

    @property
    def share(self) -> float:
        """The slot's part of what the engine takes at once."""
        return _UNKNOWN_SHARE if self.job.share is None else self.job.share

    def take(self, attempt: ClaimedAttempt) -> None:
        """The job has been claimed."""
        self.shape = Shape.of(attempt.model, attempt.request)

    def release(self) -> None:
        """Let the next job be claimed. A second call does nothing."""
        self._release(self)


class Capacity:
    """The slots of the engine: full when its jobs fill a batch of the size beyond which batching gains nothing."""

    def __init__(self) -> None:
        self._slots: set[Slot] = set()
        #: Jobs from before their claim until their end, including those that have released their slot.
        self._unfinished = 0
        self._changed = threading.Condition()
        #: Held by the one thread that waits for a slot, so that two do not take the last one.
        self._claiming = threading.Lock()

    @contextmanager
    def wait_for_slot(self, job: BatchJob) -> Iterator[Slot]:
        """Wait until there is capacity, and hold a slot until it is released, or until the block ends."""
        with self._claiming, self._changed:
            while self._is_full():
                self._changed.wait(_LOOK_SECONDS)
            slot = Slot(job, self._leave)
            self._slots.add(slot)
            self._unfinished += 1
        try:
            yield slot
        finally:
            slot.release()
            with self._changed:
                self._unfinished -= 1
                self._changed.notify_all()

    def shapes(self) -> frozenset[Shape]:
        """The shapes that are being drawn: another job of one of them can join."""
        with self._changed:
            return frozenset(slot.shape for slot in self._slots if slot.shape is not None)

    def has_slot(self, *, threads: int) -> bool:
        """Whether one of the worker's `threads` is free and would get a slot at once."""
        with self._changed:
            return self._unfinished < threads and not self._is_full()

    def count_unfinished(self) -> int:
        """The jobs that the worker holds, from before their claim until their end."""
        with self._changed:
            return self._unfinished

    def wait_until_left(self, remaining: Callable[[], int], *, seconds: float) -> None:
        """Wait until no more than `remaining()` jobs are unfinished, for at most `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._unfinished <= remaining(), timeout=seconds)

    def _is_full(self) -> bool:
        return sum(slot.share for slot in self._slots) >= 1.0 - _UNKNOWN_SHARE / 2

    def _leave(self, slot: Slot) -> None:
        with self._changed:
            self._slots.discard(slot)
            self._changed.notify_all()
