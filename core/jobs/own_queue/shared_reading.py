"""What all accounts are shown alike, read once for all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

_Read = TypeVar("_Read")


class SharedReading(Generic[_Read]):
    """The latest reading of this process, for some seconds. Safe to use from several threads: one of them reads for all, and the
    others use the old one until then.
    """

    def __init__(self, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._reading = threading.Lock()
        self._kept: tuple[_Read, float] | None = None

    def get(self, read: Callable[[], _Read]) -> _Read:
        """What was read within the last seconds; `read` is called if nothing was."""
        kept = self._kept
        if kept is not None and self._clock() < kept[1]:
            return kept[0]
        if not self._reading.acquire(blocking=kept is None) and kept is not None:
            return kept[0]
        try:
            kept = self._kept
            if kept is not None and self._clock() < kept[1]:
                return kept[0]
            value = read()
            self._kept = value, self._clock() + self._seconds
            return value
        finally:
            self._reading.release()

    def forget(self) -> None:
        """The next reading is a fresh one."""
        self._kept = None
