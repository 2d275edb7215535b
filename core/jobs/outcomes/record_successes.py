"""The door of a success: what attempts have rendered becomes their jobs', committed."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import structlog

from core.database import autocommit, is_unavailable, transaction
from core.fault_points import fault_point
from core.jobs.outcomes.record_success_step_by_step import record_success_step_by_step
from core.jobs.outcomes.record_successes_in_one_statement import record_successes_in_one_statement
from core.jobs.outcomes.rendered import Rendered
from core.jobs.status import JobStatus

_log = structlog.get_logger()


def record_successes(successes: Mapping[UUID, Rendered]) -> dict[UUID, JobStatus | Exception]:
    """Commits the success of each attempt: job, artifacts, usage and webhook deliveries at once. A job that was cancelled,
    or whose time was over before this moment, ends so instead.

    Returns for each attempt its job's status, or the error that only this one met: LeaseLost above all. Raises the error
    of a database that does not answer.
    """
    written = _record_in_one_statement(successes)
    return {
        attempt_id: JobStatus.SUCCEEDED if attempt_id in written else _record_step_by_step(attempt_id, rendered)
        for attempt_id, rendered in successes.items()
    }


def _record_in_one_statement(successes: Mapping[UUID, Rendered]) -> set[UUID]:
    try:
        with autocommit() as connection:
            return record_successes_in_one_statement(connection, successes)
    except Exception as error:
        if is_unavailable(error):
            raise
        # It may be one job's fault, which must not keep the others from being recorded.
        _log.warning("successes_not_recorded_in_one_statement", jobs=len(successes), exc_info=error)
        return set()


def _record_step_by_step(attempt_id: UUID, rendered: Rendered) -> JobStatus | Exception:
    try:
        with transaction() as session:
            status = record_success_step_by_step(session, attempt_id=attempt_id, rendered=rendered)
            fault_point("in_commit")
    except Exception as error:  # noqa: BLE001  (it is this attempt's, and the others' outcomes are to be returned)
        return error
    return status
