"""The work of one kind that a dispatcher has in progress: nobody that it is done for may occupy all of its threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID


class DispatchSlots:
    """A fixed number of slots: at most half of them for one account, and for others as many as their kind may have."""

    def __init__(self, slots: int, **most_for_each: int) -> None:
        """`most_for_each` are kinds of those that work is done for, besides `account`, and the slots of each (`endpoint=4`)."""
        self._slots = threading.BoundedSemaphore(slots)
        self._most = {"account": max(1, slots // 2), **most_for_each}
        self._lock = threading.Lock()
        #: By kind and id.
        self._working: Counter[tuple[str, UUID]] = Counter()
        self.is_closing = False

    def close(self) -> None:
        """The process shuts down: finish what is in progress, and claim nothing more."""
        self.is_closing = True

    @contextmanager
    def slot(self) -> Iterator[bool]:
        """Take a slot, and yield whether one was free. If none was, the caller can return: the threads that have a slot
        continue until nothing is due.
        """
        is_free = self._slots.acquire(blocking=False)
        try:
            yield is_free
        finally:
            if is_free:
                self._slots.release()

    def list_busy(self, kind: str) -> list[UUID]:
        """Those of the kind for whom as much is in progress as may be."""
        with self._lock:
            return [id_ for (of, id_), count in self._working.items() if of == kind and count >= self._most[of]]

    @contextmanager
    def working(self, **ids: UUID) -> Iterator[None]:
        """Count work for these, by their kinds, until the block ends."""
        self._count(ids.items(), 1)
        try:
            yield
        finally:
            self._count(ids.items(), -1)

    def _count(self, ids: Iterable[tuple[str, UUID]], change: int) -> None:
        with self._lock:
            for key in ids:
                self._working[key] += change
            # Adding an empty Counter drops the keys whose count is 0: a process that runs for months must not keep them.
            self._working += Counter()
