"""Which forwards of a model may run at the same time: those with one set of adapters, and none while modules change."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from worker.rendering.batching.batch_job import AdapterSet


class Gate:
    """Let through in the order of coming, so that no set keeps another one out."""

    def __init__(self, activate: Callable[[AdapterSet], None]) -> None:
        """`activate` switches the model to a set of adapters, while no forward runs."""
        self._activate = activate
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._running = 0
        self._adapters: AdapterSet = ()
        self._is_held = False

    @contextmanager
    def forward(self, adapters: AdapterSet) -> Iterator[None]:
        """A forward with these adapters runs while the block lasts. Raises what switching to them raises."""
        with self._changed:
            self._wait(lambda: not self._running or self._adapters == adapters)
            if not self._running:
                self._activate(adapters)
                self._adapters = adapters
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    @contextmanager
    def held(self) -> Iterator[None]:
        """No forward runs while the block lasts."""
        with self._changed:
            self._wait(lambda: not self._running)
            self._is_held = True
        try:
            yield
        finally:
            with self._changed:
                self._is_held = False
                self._changed.notify_all()

    def _wait(self, may_pass: Callable[[], bool]) -> None:
        ticket = object()
        self._queue.append(ticket)
        while self._queue[0] is not ticket or self._is_held or not may_pass():
            self._changed.wait()
        self._queue.popleft()
        self._changed.notify_all()
