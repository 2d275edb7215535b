"""Write successes down: those of jobs that end at the same time together."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog

from core.jobs.finish import Rendered, record_success, succeed_together
from core.jobs.status import JobStatus
from worker.rendering.record import commit

_log = structlog.get_logger()


@dataclass
class _Success:
    attempt_id: UUID
    rendered: Rendered
    was_tried: bool = False
    is_written: bool = False


class SuccessWriter:
    """What the threads of a process share. Jobs that are drawn together end together, and a commit costs the same for one
    as for all of them: whoever comes first writes its own, and the next one all that have come meanwhile.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: list[_Success] = []

    def write(self, *, attempt_id: UUID, rendered: Rendered) -> JobStatus:
        """Commit the success and tell where the job stands now. Raises LeaseLost, and what a database that does not
        answer raises; never for the sake of another job.
        """
        success = _Success(attempt_id, rendered)
        with self._lock:
            self._waiting.append(success)
        with self._turn:
            if not success.was_tried:
                self._write_waiting()
        if success.is_written:
            return JobStatus.SUCCEEDED
        return commit(partial(record_success, attempt_id=attempt_id, rendered=rendered))

    def _write_waiting(self) -> None:
        with self._lock:
            successes, self._waiting = self._waiting, []
        try:
            written = succeed_together({success.attempt_id: success.rendered for success in successes})
        except Exception as error:  # noqa: BLE001  (each of them is tried by itself then, and has its own error)
            _log.warning("successes_not_written_together", jobs=len(successes), error=str(error))
            written = set()
        for success in successes:
            success.was_tried = True
            success.is_written = success.attempt_id in written
