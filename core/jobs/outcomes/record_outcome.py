"""Record how an attempt ended without success: each outcome is one short commit, fenced by the attempt.

A success is recorded through `record_successes`.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from core.jobs.attempts.checkpoints import StoredCheckpoint
from core.jobs.attempts.lease import lock_leased
from core.jobs.failures import Failure
from core.jobs.outcomes.backoff import backoff_seconds
from core.jobs.outcomes.deadlines import NOT_ENDED_IN_TIME, is_over
from core.jobs.outcomes.end_job import end_job
from core.jobs.queue.running_limit import release_next
from core.jobs.status import AttemptStatus, JobStatus
from core.jobs.tables import Job, JobAttempt


def record_failure(session: Session, *, attempt_id: UUID, failure: Failure) -> JobStatus:
    """Requeues the job with a delay, or fails it if another attempt cannot help, or no attempt or no time is left. Returns its
    status, which is `cancelled` if it was cancelled in the meantime. Raises LeaseLost.
    """
    job, attempt = lock_leased(session, attempt_id=attempt_id)
    return settle_failed_attempt(session, job, attempt, AttemptStatus.FAILED, failure)


def record_cancellation(session: Session, *, attempt_id: UUID) -> JobStatus:
    """Records that the worker stopped because the job was cancelled. Raises LeaseLost."""
    return cancel_attempt(session, *lock_leased(session, attempt_id=attempt_id))


def record_interruption(session: Session, *, attempt_id: UUID, checkpoint: StoredCheckpoint | None = None) -> JobStatus:
    """Requeues the job of a worker that shuts down, at once; the attempt is not counted. The next one resumes from the
    checkpoint, if there is one. Returns the job's status, which is `cancelled` if it was cancelled in the meantime. Raises
    LeaseLost.
    """
    job, attempt = lock_leased(session, attempt_id=attempt_id)
    if job.cancel_requested_at is not None:
        return cancel_attempt(session, job, attempt)
    if checkpoint is not None:
        attempt.checkpoint = checkpoint.describe()
    _close(session, attempt, AttemptStatus.INTERRUPTED)
    job.attempts_used -= 1
    _requeue(session, job, delay_seconds=0)
    return JobStatus.QUEUED


def settle_failed_attempt(
    session: Session, job: Job, attempt: JobAttempt, status: AttemptStatus, failure: Failure
) -> JobStatus:
    """Closes a failed or expired attempt whose rows the caller has locked, and requeues or ends its job. Returns the job's
    status.
    """
    _close(session, attempt, status, failure)
    if job.cancel_requested_at is not None:
        end_job(session, job, JobStatus.CANCELLED)
    elif is_over(session, job):
        _fail(session, job, NOT_ENDED_IN_TIME)
    elif failure.traits.retried and job.attempts_used < job.max_attempts:
        delay = backoff_seconds(job.attempts_used, failure.code)
        if is_over(session, job, in_seconds=delay):
            _fail(session, job, failure)
        else:
            _requeue(session, job, delay_seconds=delay)
    else:
        _fail(session, job, failure)
    session.flush()
    return JobStatus(job.status)


def cancel_attempt(session: Session, job: Job, attempt: JobAttempt) -> JobStatus:
    """Closes an attempt whose rows the caller has locked, and cancels its job."""
    _close(session, attempt, AttemptStatus.CANCELLED)
    end_job(session, job, JobStatus.CANCELLED)
    return JobStatus.CANCELLED


def _fail(session: Session, job: Job, failure: Failure) -> None:
    job.failure_code = failure.code
    job.failure_message = failure.message
    end_job(session, job, JobStatus.FAILED)


def _close(session: Session, attempt: JobAttempt, status: AttemptStatus, failure: Failure | None = None) -> None:
    attempt.status = status
    attempt.finished_at = func.clock_timestamp()
    if failure is not None:
        attempt.failure_code = failure.code
        attempt.failure_message = failure.message
    # Now, before the clock is read for the job's end: a process may stand still in between.
    session.flush()


def _requeue(session: Session, job: Job, *, delay_seconds: float) -> None:
    job.status = JobStatus.QUEUED
    job.current_attempt_id = None
    job.available_at = func.now() + timedelta(seconds=delay_seconds)
    session.flush()
    release_next(session, account_id=job.account_id)
