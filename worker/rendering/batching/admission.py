"""How many rows of a shape go into one forward: measured at work, up to the knee beyond which more rows gain nothing."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

#: Rows that a shape starts with, before anything is measured.
_FIRST_ROWS = 4

#: A size is worth its latency if a row costs at most this share of what it costs at the size before.
_WORTH = 0.97

#: The number of forwards of one size that are remembered.
_REMEMBERED = 9

#: The number of forwards of one size before it is judged: the first one is slow, because kernels are chosen then.
_JUDGED_AFTER = 3

#: Forwards until the size beyond the knee is measured again: the last measurement may have been noisy, or the device busy.
_MEASURE_AGAIN = 64

#: Forwards until rows that found no memory are tried again: what used it (another model, a decode) may be gone.
_TRY_MEMORY_AGAIN = 256


@dataclass
class _Shape:
    """What is known about the forwards of one shape."""

    #: Seconds for each row, latest last, by the size class of the forward.
    seconds: dict[int, deque[float]] = field(default_factory=dict)
    #: The smallest number of rows that did not fit into the memory; it is tried again only after some time.
    too_many: int | None = None
    forwards: int = 0


class Admission:
    """The limit of rows for each shape: it doubles while that makes a row cheaper, and stops at the knee. Its owner holds a
    lock around every call.
    """

    def __init__(self, *, most_rows: int) -> None:
        #: No forward has more rows, however cheap they are: a fault in it costs all jobs that share it.
        self._most_rows = most_rows
        self._shapes: dict[Hashable, _Shape] = {}

    def limit(self, shape: Hashable) -> int:
        """The most rows that the next forward of the shape may have."""
        known = self._shapes.get(shape)
        if known is None:
            return min(_FIRST_ROWS, self._most_rows)
        knee = self._knee(known)
        is_tried = len(known.seconds.get(2 * knee, ())) >= _JUDGED_AFTER
        limit = knee if is_tried else max(2 * knee, _FIRST_ROWS)
        if known.too_many is not None:
            limit = min(limit, known.too_many - 1)
        return max(1, min(limit, self._most_rows))

    def record(self, shape: Hashable, rows: int, seconds: float) -> None:
        """A forward of `rows` rows took `seconds`."""
        known = self._shapes.setdefault(shape, _Shape())
        known.forwards += 1
        if known.forwards % _MEASURE_AGAIN == 0:
            known.seconds.pop(2 * self._knee(known), None)
        if known.too_many is not None and known.forwards % _TRY_MEMORY_AGAIN == 0:
            known.too_many *= 2
        known.seconds.setdefault(_size_class(rows), deque(maxlen=_REMEMBERED)).append(seconds / rows)

    def record_out_of_memory(self, shape: Hashable, rows: int) -> None:
        """A forward of `rows` rows found no memory."""
        known = self._shapes.setdefault(shape, _Shape())
        known.too_many = min(rows, known.too_many or rows)

    def describe(self) -> dict[str, dict[str, float]]:
        """Milliseconds for each row, by shape and number of rows: for logs and benchmarks."""
        return {
            str(shape): {
                str(rows): round(statistics.median(times) * 1000, 3) for rows, times in sorted(known.seconds.items())
            }
            for shape, known in self._shapes.items()
        }

    def _knee(self, known: _Shape) -> int:
        """The largest size at which a row is cheaper than at all sizes before it; 1 if no size is judged yet."""
        knee, best = 1, float("inf")
        for size in sorted(known.seconds):
            if len(known.seconds[size]) < _JUDGED_AFTER:
                continue
            cost = statistics.median(known.seconds[size])
            if cost < best * _WORTH:
                knee, best = size, cost
        return knee


def _size_class(rows: int) -> int:
    """The next power of two: forwards of 5 to 8 rows count as one size."""
    return 1 << (rows - 1).bit_length()
