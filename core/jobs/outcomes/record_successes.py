"""The door of a success, and its short way: what attempts have rendered becomes their jobs', committed."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import structlog
from sqlalchemy import Connection

from core.database import autocommit, is_unavailable, transaction
from core.fault_points import fault_point
from core.jobs.outcomes.record_success_step_by_step import record_success_step_by_step
from core.jobs.outcomes.rendered import Rendered
from core.jobs.outcomes.running_snapshot import read_running
from core.jobs.outcomes.write_successes import write_successes
from core.jobs.status import JobStatus

_log = structlog.get_logger()


def record_successes(successes: Mapping[UUID, Rendered]) -> dict[UUID, JobStatus | Exception]:
    """Commits the success of each attempt: job, artifacts, usage and webhook deliveries at once. A job that was cancelled,
    or whose time was over before this moment, ends so instead.

    Returns for each attempt its job's status, or the error that only this one met: LeaseLost above all. Raises the error
    of a database that does not answer.
    """
    written = _take_short_way(successes)
    return {
        attempt_id: JobStatus.SUCCEEDED if attempt_id in written else _take_long_way(attempt_id, rendered)
        for attempt_id, rendered in successes.items()
    }


def record_successes_in_one_statement(connection: Connection, successes: Mapping[UUID, Rendered]) -> set[UUID]:
    """Writes the successes that need no decision, and returns their attempt ids. Leaves the others untouched: then
    `record_success_step_by_step` decides.

    No row stays locked for a worker to come back to, and no row is waited for.
    """
    running = [one for one in read_running(connection, successes) if not one.others_are_held]
    if not running:
        return set()
    return write_successes(connection, [(one, successes[one.attempt_id]) for one in running], locked_rows="skip")


def _take_short_way(successes: Mapping[UUID, Rendered]) -> set[UUID]:
    try:
        with autocommit() as connection:
            return record_successes_in_one_statement(connection, successes)
    except Exception as error:
        if is_unavailable(error):
            raise
        # It may be one job's fault, which must not keep the others from being recorded.
        _log.warning("successes_not_recorded_in_one_statement", jobs=len(successes), exc_info=error)
        return set()


def _take_long_way(attempt_id: UUID, rendered: Rendered) -> JobStatus | Exception:
    try:
        with transaction() as session:
            status = record_success_step_by_step(session, attempt_id=attempt_id, rendered=rendered)
            fault_point("in_commit")
    except Exception as error:  # noqa: BLE001  (it is this attempt's, and the others' outcomes are to be returned)
        return error
    return status
