"""The thread that writes checkpoints, so that no step waits for the bucket."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import structlog

_log = structlog.get_logger()


class CheckpointWriter:
    """Does one thing after the other, of each attempt only the latest that it was given: where the bucket is slow, the
    checkpoints in between are left out.
    """

    def __init__(self) -> None:
        # An executor's thread ends its work before the process ends.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._lock = threading.Lock()
        self._waiting: dict[UUID, Callable[[], object]] = {}

    def submit(self, attempt_id: UUID, work: Callable[[], object]) -> None:
        """Do this for the attempt as soon as may be, instead of what waits for it. Returns at once."""
        with self._lock:
            is_waiting = attempt_id in self._waiting
            self._waiting[attempt_id] = work
        if not is_waiting:
            self._thread.submit(self._run, attempt_id)

    def close(self) -> None:
        """Finish what was submitted, and take nothing more."""
        self._thread.shutdown()

    def _run(self, attempt_id: UUID) -> None:
        with self._lock:
            work = self._waiting.pop(attempt_id)
        try:
            work()
        except Exception:  # noqa: BLE001
            # The next attempt begins at an earlier step, or the clean-up of the bucket has more to do.
            _log.exception("checkpoint_work_failed", attempt_id=str(attempt_id))
