"""The sweeps that connections of this process watch: their rows are read now and then, by a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from uuid import UUID

import structlog

from api.server.live.watchers import Output
from core.database import transaction
from core.logs import describe_error
from core.sweeps.sweep_events import SweepHistory, read_sweep_histories

#: Seconds between two reads. An event is half a second old when it is shown, so more of them would show nothing sooner.
_READ_SECONDS = 0.5

_log = structlog.get_logger()


class SweepStream:
    """Sends the events of a sweep on a connection."""

    def __init__(self, output: Output, *, sweep_id: UUID, after: int) -> None:
        self.sweep_id = sweep_id
        self._after = after
        self._output = output

    def take(self, history: SweepHistory) -> None:
        """What its rows show by now."""
        for event in history.list_after(self._after):
            self._after = event.number
            self._output.write(event.to_sse())
        if history.is_finished:
            self._output.finish()

    def end(self) -> None:
        """The sweep is not there any more."""
        self._output.finish()


class SweepWait:
    """Waits for the next event of a sweep."""

    def __init__(self, resume: Callable[[int | None], None], *, sweep_id: UUID, after: int) -> None:
        self.sweep_id = sweep_id
        self._after = after
        self._resume = resume

    def take(self, history: SweepHistory) -> None:
        """What its rows show by now."""
        if history.is_finished or history.list_after(self._after):
            self._resume(None)

    def end(self) -> None:
        """The sweep is not there any more."""
        self._resume(None)


SweepWatcher = SweepStream | SweepWait


class WatchedSweeps:
    """All of one process. Its methods are called in the thread of the connections, but for the read itself."""

    def __init__(self, do: Callable[[Callable[[], None]], None]) -> None:
        """`do` has a function called in the thread of the connections."""
        self._do = do
        self._watchers: list[SweepWatcher] = []
        self._requests: SimpleQueue[set[UUID]] = SimpleQueue()
        self._is_reading = False
        self._next_read = 0.0
        self._thread: threading.Thread | None = None

    def add(self, watcher: SweepWatcher) -> None:
        """Offer it what it has missed, and what happens from now on."""
        self._watchers.append(watcher)
        self._next_read = 0.0
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="reads-watched-sweeps", daemon=True)
            self._thread.start()

    def remove(self, watcher: SweepWatcher) -> None:
        """Nothing more is offered to it."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def look(self, now: float) -> None:
        """Have the rows read, if it is time."""
        if self._watchers and not self._is_reading and now >= self._next_read:
            self._next_read = now + _READ_SECONDS
            self._is_reading = True
            self._requests.put({watcher.sweep_id for watcher in self._watchers})

    def _run(self) -> None:
        while True:
            asked = self._requests.get()
            found: dict[UUID, SweepHistory] | None = None
            try:
                with transaction() as session:
                    found = read_sweep_histories(session, asked)
            except Exception as error:  # noqa: BLE001  (whatever it is, the next read may succeed)
                _log.warning("watched_sweeps_not_read", sweeps=len(asked), error=describe_error(error))
                time.sleep(_READ_SECONDS)
            self._do(lambda asked=asked, found=found: self._take(asked, found))  # type: ignore[misc]  # bound now

    def _take(self, asked: set[UUID], found: dict[UUID, SweepHistory] | None) -> None:
        self._is_reading = False
        if found is None:
            return
        for watcher in [watcher for watcher in self._watchers if watcher.sweep_id in asked]:
            history = found.get(watcher.sweep_id)
            if history is None:
                watcher.end()
            else:
                watcher.take(history)
