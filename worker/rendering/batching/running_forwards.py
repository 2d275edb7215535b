"""The forwards of one runner whose time is not known yet; without their tensors, which would stay in memory until the next one."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

from worker.rendering.batching.admission import Admission
from worker.rendering.batching.call import DenoiserCall
from worker.rendering.batching.stopwatch import Lap


@dataclass(frozen=True)
class GivenForward:
    """A forward that the device has been given."""

    lap: Lap
    #: The key and the shape of its calls, of which there is one for each job.
    key: Hashable
    shape: Hashable
    jobs: int
    rows: int
    #: What learns from it how many rows pay.
    admission: Admission
    #: The cores that it might have, and the threads that were chosen for it; 0 if none were.
    cores: int = 0
    threads: int = 0


class RunningForwards:
    """Forwards in the order in which the device got them."""

    def __init__(self) -> None:
        self._running: deque[GivenForward] = deque()

    def add(
        self, calls: list[DenoiserCall], lap: Lap, admission: Admission, *, cores: int = 0, threads: int = 0
    ) -> GivenForward:
        """The device has been given a forward of these calls."""
        rows = sum(call.rows.count for call in calls)
        forward = GivenForward(lap, calls[0].key, calls[0].shape, len(calls), rows, admission, cores, threads)
        self._running.append(forward)
        return forward

    def take_finished(self) -> list[tuple[GivenForward, float]]:
        """Those that have ended since the last call, each with its seconds."""
        finished = []
        while self._running and (seconds := self._running[0].lap.read()) is not None:
            finished.append((self._running.popleft(), seconds))
        return finished
