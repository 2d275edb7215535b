"""Group commit: threads that have the same kind of work at the same time let one of them do it for all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class GroupWork(Generic[_Item]):
    """The first thread does its own item; the items that arrive while it works are done together by the next thread. Nobody
    waits for company, and the more there is to do, the more is done at once.
    """

    def __init__(self, work: Callable[[list[_Item]], int]) -> None:
        """`work` does the first of the items it is given, oldest first, and returns how many: at least one. If it raises,
        its caller gets the error and the other threads return with their items unchanged.
        """
        self._work = work
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._items: list[_Item] = []

    @property
    def waiting(self) -> int:
        """The number of items that are not done."""
        with self._lock:
            return len(self._items)

    def do(self, item: _Item) -> None:
        """Returns when the item, an object of its own, has been done, by this thread or another one."""
        with self._lock:
            self._items.append(item)
        with self._turn:
            while self._is_waiting(item):
                self._do_some()

    def _is_waiting(self, item: _Item) -> bool:
        with self._lock:
            return any(one is item for one in self._items)

    def _do_some(self) -> None:
        with self._lock:
            items = list(self._items)
        done = len(items)
        try:
            done = self._work(items)
        finally:
            with self._lock:
                del self._items[:done]
