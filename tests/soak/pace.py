"""Keeps requests and faults together: no fault happens without load, and no request is far ahead of the faults."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable

import psycopg


class Pace:
    """Shared by those who send and by the lanes of faults."""

    def __init__(self, *, orders: int, lanes: Iterable[str], ahead: int, most_unfinished: int) -> None:
        #: How far requests may run ahead of the fault that is due.
        self._ahead = ahead
        self._orders = orders
        self._most_unfinished = most_unfinished
        self._taken = 0
        self._unfinished = 0
        #: By the lane, after how many orders its next fault comes.
        self._due: dict[str, float] = dict.fromkeys(lanes, 0.0)
        self._changed = threading.Condition()

    def describe(self) -> str:
        """How far it is."""
        with self._changed:
            return f"{self._taken:,} of {self._orders:,} orders sent, {self._unfinished} not ended"

    def take_order(self) -> int | None:
        """The number of the next order, once it may be sent; None after the last one."""
        with self._changed:
            self._changed.wait_for(self._may_send)
            if self._taken >= self._orders:
                return None
            self._taken += 1
            self._unfinished += 1
            self._changed.notify_all()
            return self._taken - 1

    def wait_for_fault(self, lane: str, after_orders: float) -> None:
        """Return when this many orders have been taken. `math.inf`: the lane has no more faults."""
        with self._changed:
            self._due[lane] = after_orders
            self._changed.notify_all()
            if after_orders < math.inf:
                self._changed.wait_for(lambda: self._taken >= min(after_orders, self._orders))

    def give_up(self) -> None:
        """End all waiting."""
        with self._changed:
            self._orders = 0
            self._changed.notify_all()

    def watch(self, count_unfinished: Callable[[], int], is_over: threading.Event) -> None:
        """Count the unfinished jobs again and again; a count that fails changes nothing."""
        while not is_over.wait(0.2):
            try:
                unfinished = count_unfinished()
            except psycopg.Error:
                continue
            with self._changed:
                self._unfinished = unfinished
                self._changed.notify_all()

    def _may_send(self) -> bool:
        if self._taken >= self._orders:
            return True
        return self._unfinished < self._most_unfinished and self._taken < min(self._due.values()) + self._ahead
