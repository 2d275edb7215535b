"""Commit an outcome, through a database that may be away for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.database import is_unavailable, transaction
from core.errors import LeaseLost
from core.fault_points import fault_point
from core.jobs.status import JobStatus

#: Seconds between tries.
_PAUSE_SECONDS = 0.5

_log = structlog.get_logger()


def commit_outcome(outcome: Callable[[], JobStatus], *, give_up_after_seconds: float) -> JobStatus:
    """Commits the outcome and returns the job's status.

    Tries again while the database does not answer or takes no writes. If a try was committed although its answer was lost, the next one
    raises LeaseLost, which is right, since the attempt has ended. Raises LeaseLost also after `give_up_after_seconds`:
    by then the lease is over, and the job is another attempt's.
    """
    gives_up_at = time.monotonic() + give_up_after_seconds
    while True:
        fault_point("before_commit")
        try:
            return outcome()
        except SQLAlchemyError as error:
            if not is_unavailable(error):
                raise
            _log.warning("outcome_not_recorded_yet", error=str(error))
            if time.monotonic() >= gives_up_at:
                raise LeaseLost from error
            time.sleep(_PAUSE_SECONDS)


def in_one_commit(outcome: Callable[..., JobStatus], **arguments: Any) -> JobStatus:
    """Runs `outcome` with a session and the arguments in a transaction of its own, and returns the job's status."""
    with transaction() as session:
        status = outcome(session, **arguments)
        fault_point("in_commit")
    return status
