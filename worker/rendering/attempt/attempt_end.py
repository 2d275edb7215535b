"""How an attempt ends: the outcome to commit, once nothing of the render is in memory any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.outcomes.deadlines import NOT_ENDED_IN_TIME
from core.jobs.outcomes.record_outcome import record_cancellation, record_failure, record_interruption
from core.jobs.status import JobStatus
from worker.rendering.attempt.commit_outcome import in_one_commit
from worker.rendering.checkpoints import JobCheckpoints
from worker.rendering.errors import DeadlinePassed, JobCancelled, WorkerDraining, describe_failure
from worker.rendering.failed_work import forget_traceback
from worker.rendering.process.device_watch import DeviceWatch

_log = structlog.get_logger()


@dataclass(frozen=True)
class AttemptEnd:
    """An outcome that is not committed yet."""

    #: Commits it and returns the job's status.
    write: Callable[[], JobStatus]
    #: Empty if the attempt has not failed.
    failure_code: str = ""


def find_end(
    error: Exception, attempt: ClaimedAttempt, checkpoints: JobCheckpoints, device_watch: DeviceWatch, *, step: int
) -> AttemptEnd:
    """The end of an attempt that an error has ended after this step. Waits for the bucket if the job is handed back."""
    if device_watch.look_at(error):
        # Jobs that had no part in it cannot continue here either, and lose no attempt.
        is_cause = device_watch.is_cause(error)
        return _fail(error, attempt) if is_cause else _hand_back(error, attempt, checkpoints)
    match error:
        case JobCancelled():
            return AttemptEnd(partial(in_one_commit, record_cancellation, attempt_id=attempt.id, step=step))
        case WorkerDraining():
            return _hand_back(error, attempt, checkpoints)
        case DeadlinePassed():
            write = partial(in_one_commit, record_failure, attempt_id=attempt.id, failure=NOT_ENDED_IN_TIME)
            return AttemptEnd(write, NOT_ENDED_IN_TIME.code)
        case _:
            return _fail(error, attempt)


def _hand_back(error: Exception, attempt: ClaimedAttempt, checkpoints: JobCheckpoints) -> AttemptEnd:
    # The bucket may be slow, and the model is another job's by now.
    forget_traceback(error)
    checkpoint = checkpoints.hand_back()
    _log.info("job_handed_back", step=checkpoint and checkpoint.step)
    return AttemptEnd(partial(in_one_commit, record_interruption, attempt_id=attempt.id, checkpoint=checkpoint))


def _fail(error: Exception, attempt: ClaimedAttempt) -> AttemptEnd:
    failure = describe_failure(error)
    _log.error("attempt_failed", failure_code=failure.code, exc_info=error)
    return AttemptEnd(
        partial(in_one_commit, record_failure, attempt_id=attempt.id, failure=failure), failure_code=failure.code
    )
