"""Record how an attempt ended without success: each outcome is one short commit, fenced by the attempt.

A success is recorded through `record_successes`.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from core.jobs.attempts.checkpoints import StoredCheckpoint, find_checkpoint
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


def record_cancellation(session: Session, *, attempt_id: UUID, step: int | None = None) -> JobStatus:
    """Records that the worker stopped because the job was cancelled, and after which step (None: as the heartbeats have said).
    Raises LeaseLost.
    """
    job, attempt = lock_leased(session, attempt_id=attempt_id)
    if step is not None:
        attempt.step = step
    return cancel_attempt(session, job, attempt)


def record_interruption(session: Session, *, attempt_id: UUID, checkpoint: StoredCheckpoint | None = None) -> JobStatus:
    """Requeues the job of a worker that shuts down, or a job that is paused, at once; the attempt is not counted. The next one
    resumes from the checkpoint, if there is one. Returns the job's status, which is `cancelled` if it was cancelled in the
    meantime. Raises LeaseLost.
    """
    job, attempt = lock_leased(session, attempt_id=attempt_id)
    if job.cancel_requested_at is not None:
        return cancel_attempt(session, job, attempt)
    if checkpoint is not None:
        attempt.checkpoint = checkpoint.describe()
    _close(session, attempt, AttemptStatus.INTERRUPTED)
    job.attempts_used -= 1
    _requeue(session, job, attempt, delay_seconds=0)
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
            _requeue(session, job, attempt, delay_seconds=delay)
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


def _requeue(session: Session, job: Job, attempt: JobAttempt, *, delay_seconds: float) -> None:
    checkpoint = find_checkpoint(session, job_id=job.id)
    job.resume_step = None if checkpoint is None else checkpoint.count_done(attempt.steps)
    job.earlier_ms = (job.earlier_ms or 0) + _count_held_ms(session, attempt)
    job.status = JobStatus.QUEUED
    job.current_attempt_id = None
    job.available_at = func.now() + timedelta(seconds=delay_seconds)
    session.flush()
    release_next(session, account_id=job.account_id)


def _count_held_ms(session: Session, attempt: JobAttempt) -> int:
    """For how long a worker had the job: one that was lost had it until its last heartbeat."""
    session.refresh(attempt, ["finished_at", "heartbeat_at"])
    ended_at = attempt.heartbeat_at if attempt.status == AttemptStatus.EXPIRED else attempt.finished_at
    return 0 if ended_at is None else max(0, round((ended_at - attempt.started_at).total_seconds() * 1000))
