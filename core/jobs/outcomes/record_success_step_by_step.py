"""The long way of a success, right by itself: wait for the rows, decide what the job's end is, and release the next job."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from core.jobs.attempts.lease import lock_leased
from core.jobs.outcomes.deadlines import NOT_ENDED_IN_TIME
from core.jobs.outcomes.record_outcome import cancel_attempt, settle_failed_attempt
from core.jobs.outcomes.rendered import Rendered
from core.jobs.outcomes.running_snapshot import read_running
from core.jobs.outcomes.write_successes import write_successes
from core.jobs.priority import HELD
from core.jobs.queue.running_limit import release_next
from core.jobs.status import AttemptStatus, JobStatus


def record_success_step_by_step(session: Session, *, attempt_id: UUID, rendered: Rendered) -> JobStatus:
    """Makes the images the job's, unless it was cancelled or its time was over before this moment, and returns its status.
    If the account runs as many jobs as it may, its next one can be claimed. Raises LeaseLost.
    """
    for running in read_running(session.connection(), [attempt_id]):
        if write_successes(session.connection(), [(running, rendered)], locked_rows="wait"):
            if running.others_are_held and running.priority < HELD:
                release_next(session, account_id=running.account_id)
            return JobStatus.SUCCEEDED

    job, attempt = lock_leased(session, attempt_id=attempt_id)
    if job.cancel_requested_at is not None:
        return cancel_attempt(session, job, attempt)
    return settle_failed_attempt(session, job, attempt, AttemptStatus.FAILED, NOT_ENDED_IN_TIME)
