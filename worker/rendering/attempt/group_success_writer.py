"""Write successes down: those of jobs that end at the same time together."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import structlog

from core.database import is_unavailable
from core.jobs.outcomes.record_outcome import record_success, succeed_together
from core.jobs.outcomes.rendered import Rendered
from core.jobs.status import JobStatus
from worker.rendering.attempt.commit_outcome import commit
from worker.rendering.attempt.group_work import GroupWork

_log = structlog.get_logger()


@dataclass
class _Success:
    attempt_id: UUID
    rendered: Rendered
    is_written: bool = False
    error: Exception | None = None


class GroupSuccessWriter:
    """What the threads of a process share. Jobs that are drawn together end together, and a commit costs the same for one
    as for all of them.
    """

    def __init__(self) -> None:
        self._group = GroupWork(_write)

    def write(self, *, attempt_id: UUID, rendered: Rendered) -> JobStatus:
        """Commit the success and tell where the job stands now. Raises LeaseLost, and what a database that does not
        answer raises; never for the sake of another job.
        """
        success = _Success(attempt_id, rendered)
        self._group.do(success)
        if success.is_written:
            return JobStatus.SUCCEEDED
        if success.error is not None and is_unavailable(success.error):
            raise success.error
        return commit(record_success, attempt_id=attempt_id, rendered=rendered)


def _write(successes: list[_Success]) -> int:
    try:
        written = succeed_together({success.attempt_id: success.rendered for success in successes})
    except Exception as error:  # noqa: BLE001  (raised by each thread itself, or it tries again by itself)
        _log.warning("successes_not_written_group", jobs=len(successes), error=str(error))
        for success in successes:
            success.error = error
        return len(successes)
    for success in successes:
        success.is_written = success.attempt_id in written
    return len(successes)
