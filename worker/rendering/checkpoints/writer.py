"""The thread that stores checkpoints, so that no step waits for the bucket."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import structlog

_log = structlog.get_logger()


class CheckpointWriter:
    """Does one piece of work at a time, and for each attempt only the latest that was submitted: if the bucket is slow, the
    checkpoints in between are skipped.
    """

    def __init__(self) -> None:
        # An executor's thread finishes its work before the process ends.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._lock = threading.Lock()
        self._waiting: dict[UUID, Callable[[], object]] = {}

    def submit(self, attempt_id: UUID, work: Callable[[], object]) -> None:
        """Do this for the attempt as soon as possible, instead of the work that waits for it. Returns at once."""
        with self._lock:
            is_waiting = attempt_id in self._waiting
            self._waiting[attempt_id] = work
        if not is_waiting:
            self._thread.submit(self._run, attempt_id)

    def close(self) -> None:
        """Finish what was submitted, and accept nothing more."""
        self._thread.shutdown()

    def _run(self, attempt_id: UUID) -> None:
        with self._lock:
            work = self._waiting.pop(attempt_id)
        try:
            work()
        except Exception:  # noqa: BLE001
            # The next attempt then resumes from an earlier step, or the clean-up of the bucket has more to do.
            _log.exception("checkpoint_work_failed", attempt_id=str(attempt_id))
