"""A thread that sends rings, so that no caller waits for Redis. Rings that arrive during a send go out together in the
next.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import NamedTuple

import structlog

from core.metrics import RINGS_FAILED

#: Rings that may wait to be sent. Further ones are dropped while Redis is slow: the sweep rings for their jobs.
_MOST_WAITING = 1_000

_log = structlog.get_logger()


class _Ring(NamedTuple):
    queue: str
    message: str


class RingSender:
    """Sends in the order of `put`. The thread starts with the first ring, so a process may be forked before."""

    def __init__(self, send: Callable[[str, list[str]], object]) -> None:
        #: Called with a queue and the messages for it.
        self._send = send
        self._waiting: SimpleQueue[_Ring | threading.Event] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, queue: str, message: str) -> None:
        """Have the message sent soon. It is lost with the process, and dropped if too many wait."""
        if self._waiting.qsize() >= _MOST_WAITING:
            RINGS_FAILED.inc()
            return
        self._waiting.put(_Ring(queue, message))
        if self._thread is None:
            self._start()

    def flush(self, seconds: float) -> bool:
        """Wait, for `seconds` at most, until everything that was put before has been sent. Returns whether it has."""
        if self._thread is None:
            return True
        is_through = threading.Event()
        self._waiting.put(is_through)
        return is_through.wait(seconds)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ring-sender", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            items = [self._waiting.get(), *self._take_waiting()]
            messages: defaultdict[str, list[str]] = defaultdict(list)
            for item in items:
                if isinstance(item, _Ring):
                    messages[item.queue].append(item.message)
            for queue, of_queue in messages.items():
                try:
                    self._send(queue, of_queue)
                except Exception:  # noqa: BLE001  (whatever it was, the next ring is not to be lost as well)
                    _log.exception("rings_lost", queue=queue, rings=len(of_queue))
            for item in items:
                if isinstance(item, threading.Event):
                    item.set()

    def _take_waiting(self) -> list[_Ring | threading.Event]:
        items: list[_Ring | threading.Event] = []
        try:
            while len(items) < _MOST_WAITING:
                items.append(self._waiting.get_nowait())
        except Empty:
            return items
        return items
