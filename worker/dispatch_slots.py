"""The work of one kind that a dispatcher has in progress: nobody that it is done for may occupy all of its threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

Claimed = TypeVar("Claimed")


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

    def work(self, claim: Callable[[], Claimed | None], do: Callable[[Claimed], None]) -> None:
        """Claim something and do it, again and again, until nothing is due or the process shuts down. Returns at once if all slots are
        taken: the threads that have one continue until nothing is due.

        What is claimed names those that it is done for, as `account_id` and so on for each kind. What `claim` or `do` raises is for the
        caller: the slot is free again, and whatever is still due waits for the next ring.
        """
        with self.slot() as is_free:
            while is_free and not self.is_closing:
                claimed = claim()
                if claimed is None:
                    return
                with self.working(**{kind: getattr(claimed, f"{kind}_id") for kind in self._most}):
                    do(claimed)

    @contextmanager
    def slot(self) -> Iterator[bool]:
        """Take a slot for as long as the block runs, and yield whether one was free."""
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
