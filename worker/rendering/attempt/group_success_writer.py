"""Record successes: those of jobs that end at the same time share a commit."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from core.jobs.outcomes.record_successes import record_successes
from core.jobs.outcomes.rendered import Rendered
from core.jobs.status import JobStatus
from worker.rendering.attempt.group_work import GroupWork


class GroupSuccessWriter:
    """What the threads of a process share. Jobs that are drawn together end together, and a commit costs the same for one
    as for all of them.
    """

    def __init__(self) -> None:
        self._group = GroupWork(_write)

    def write(self, *, attempt_id: UUID, rendered: Rendered) -> JobStatus:
        """Commits the success and returns the job's status. Raises LeaseLost, and the error of a database that does not
        answer; never the error of another job.
        """
        outcome = self._group.do((attempt_id, rendered))
        if not isinstance(outcome, Exception):
            return outcome
        try:
            raise outcome
        finally:
            # The error's traceback holds this frame: they would hold each other.
            del outcome


def _write(successes: Sequence[tuple[UUID, Rendered]]) -> list[JobStatus | Exception]:
    outcomes = record_successes(dict(successes))
    return [outcomes[attempt_id] for attempt_id, _ in successes]
