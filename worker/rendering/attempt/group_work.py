"""Group commit: threads that have the same kind of work at the same time let one of them do it for all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class GroupWork(Generic[_Item, _Result]):
    """The first thread does its own item; the items that arrive while it works are done together by the next thread. Nobody
    waits for company, and the more there is to do, the more is done at once.
    """

    def __init__(self, work: Callable[[Sequence[_Item]], Sequence[_Result]]) -> None:
        """`work` does the first of the items that it is given, oldest first, and returns a result for each that it did: at
        least one. If it raises, all of the items count as done, and each thread gets the error.
        """
        self._work = work
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: list[_Entry[_Item, _Result]] = []

    @property
    def waiting(self) -> int:
        """The number of items that are not done."""
        with self._lock:
            return len(self._waiting)

    def do(self, item: _Item) -> _Result:
        """Returns the item's result once it has been done, by this thread or another one. Raises what `work` raises."""
        entry: _Entry[_Item, _Result] = _Entry(item)
        with self._lock:
            self._waiting.append(entry)
        with self._turn:
            while not (entry.results or entry.error):
                self._do_some()
        if entry.error is None:
            return entry.results[0]
        try:
            raise entry.error
        finally:
            # The error's traceback holds this frame: with the entry in it they would hold each other.
            del entry

    def _do_some(self) -> None:
        with self._lock:
            entries = list(self._waiting)
        try:
            results = self._work([entry.item for entry in entries])
        except BaseException as error:
            for entry in entries:
                entry.error = error
            self._forget(len(entries))
            # The error's traceback holds this frame.
            del entries, entry
            raise
        for entry, result in zip(entries, results, strict=False):
            entry.results.append(result)
        self._forget(len(results))

    def _forget(self, count: int) -> None:
        with self._lock:
            del self._waiting[:count]


class _Entry(Generic[_Item, _Result]):
    def __init__(self, item: _Item) -> None:
        self.item = item
        #: Empty until the item is done.
        self.results: list[_Result] = []
        self.error: BaseException | None = None
