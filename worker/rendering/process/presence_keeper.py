"""Keep this worker's row among the workers that are there, and obey what an operator has paused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from core.database import autocommit
from core.logs import describe_error
from core.pools.presence import BEAT_SECONDS, Paused, Presence, record_presence, remove_presence

#: Seconds between two checks whether the models in memory have changed, which is written at once.
_LOOK_SECONDS = 0.5

_log = structlog.get_logger()


class PresenceKeeper:
    """One small statement every 5 s for the whole process, also when it is idle."""

    def __init__(
        self, describe: Callable[[], Presence], obey: Callable[[Paused], None], *, changes: Callable[[], object]
    ) -> None:
        """`obey` is called with each answer; `changes` returns what is compared to see whether there are news to write."""
        self._describe = describe
        self._obey = obey
        self._changes = changes
        self._written: object = None
        self._beat_at = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat_until_stopped, name="presence", daemon=True)

    def start(self) -> None:
        """Write the row, and keep it."""
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """End the heartbeats, and remove the row. A database that does not answer is not waited for: the row dies by itself."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(BEAT_SECONDS)
        try:
            with autocommit() as connection:
                remove_presence(connection, self._describe().id)
        except Exception as error:  # noqa: BLE001
            _log.warning("presence_not_removed", error=describe_error(error))

    def _beat_until_stopped(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            is_due = time.monotonic() - self._beat_at >= BEAT_SECONDS
            if is_due or self._changes() != self._written:
                self._beat()

    def _beat(self) -> None:
        self._beat_at, changes = time.monotonic(), self._changes()
        try:
            with autocommit() as connection:
                paused = record_presence(connection, self._describe())
            self._written = changes
            self._obey(paused)
        except Exception as error:  # noqa: BLE001
            # The next heartbeat tries again, and jobs do not wait for it.
            _log.warning("presence_not_recorded", error=describe_error(error))
            self._written = changes
