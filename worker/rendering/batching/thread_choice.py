"""With how many threads a forward is fastest: measured at work. More are not always faster on a CPU."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

#: Another number of threads is taken if a forward takes at most this share of the time.
_WORTH = 0.97

#: One that takes more than this multiple of the time in a single forward is not measured further.
_CLEARLY_SLOWER = 1.25

#: The forwards with one number of threads that are remembered, and after which it is judged.
_JUDGED_AFTER = 3

#: Forwards until the neighbouring numbers are measured again: other programs may use the cores now, or no longer.
_MEASURE_AGAIN = 64


@dataclass
class _Work:
    """What is known about the forwards of one shape, number of rows, and number of cores that they may use."""

    #: The fastest number of threads that is known.
    threads: int
    #: Seconds of the latest forwards, by their number of threads.
    seconds: dict[int, deque[float]] = field(default_factory=dict)
    #: The numbers of threads that have run: the first forward with each is slow, because kernels are built then.
    warm: set[int] = field(default_factory=set)
    forwards: int = 0


class ThreadChoice:
    """The number of threads for each forward: all that it may have, or a half, a quarter and so on, if that is faster.

    OpenMP's threads meet at the end of every operator. Where the forward is small, or other programs use the cores, they wait
    for each other longer than they compute. Its owner holds a lock around every call.
    """

    def __init__(self) -> None:
        self._works: dict[Hashable, _Work] = {}

    def choose(self, shape: Hashable, rows: int, most: int) -> int:
        """The number of threads for the next forward of `rows` rows of the shape, which may have `most`."""
        work = self._works.get((shape, rows, most))
        if work is None or not self._is_judged(work, work.threads):
            return work.threads if work else most
        for threads in _list_neighbours(work.threads, most):
            if not self._is_judged(work, threads):
                return threads
        return work.threads

    def record(self, shape: Hashable, rows: int, most: int, threads: int, seconds: float) -> None:
        """A forward of `rows` rows, which might have had `most` threads, took `seconds` with `threads`."""
        work = self._works.setdefault((shape, rows, most), _Work(most))
        work.forwards += 1
        if threads not in work.warm:
            work.warm.add(threads)
            return
        work.seconds.setdefault(threads, deque(maxlen=_JUDGED_AFTER)).append(seconds)
        if self._is_faster(work, threads):
            work.threads = threads
        if work.forwards % _MEASURE_AGAIN == 0:
            for neighbour in _list_neighbours(work.threads, most):
                work.seconds.pop(neighbour, None)

    def _is_judged(self, work: _Work, threads: int) -> bool:
        seconds = work.seconds.get(threads)
        if not seconds:
            return False
        is_clear = threads != work.threads and seconds[-1] > _CLEARLY_SLOWER * _usual(work, work.threads)
        return is_clear or len(seconds) >= _JUDGED_AFTER

    def _is_faster(self, work: _Work, threads: int) -> bool:
        judged = (len(work.seconds.get(number, ())) >= _JUDGED_AFTER for number in (threads, work.threads))
        return all(judged) and _usual(work, threads) < _WORTH * _usual(work, work.threads)


def _usual(work: _Work, threads: int) -> float:
    return statistics.median(work.seconds[threads])


def _list_neighbours(threads: int, most: int) -> list[int]:
    """The next smaller number in `most`, its half, its quarter … 1, and the next larger one."""
    numbers = [most]
    while numbers[-1] > 1:
        numbers.append(numbers[-1] // 2)
    place = numbers.index(threads)
    return [*numbers[place + 1 : place + 2], *numbers[max(place - 1, 0) : place]]
