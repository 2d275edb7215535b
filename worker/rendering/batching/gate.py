"""Which forwards of a model run at the same time: only those with the same set of adapters, and none while modules change."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from worker.rendering.batching.batch_job import AdapterSet


class Gate:
    """Lets forwards through in their order of arrival, so that no set of adapters can keep another one waiting for ever."""

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
        """Wait until a forward with these adapters may run; it runs during the block. Raises what `activate` raises."""
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
        """No forward runs during the block."""
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
