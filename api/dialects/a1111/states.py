"""What our states are in A1111's words."""

from __future__ import annotations

from core.jobs.failures import FailureCode
from core.jobs.status import JobStatus
from core.jobs.views.job_view import JobView

#: As `internal/progress` has a task: whether it is active, queued and completed. Its `textinfo` says what went wrong.
TASK = {
    JobStatus.QUEUED: {"active": False, "queued": True, "completed": False},
    JobStatus.RUNNING: {"active": True, "queued": False, "completed": False},
    JobStatus.SUCCEEDED: {"active": False, "queued": False, "completed": True},
    JobStatus.FAILED: {"active": False, "queued": False, "completed": True},
    JobStatus.CANCELLED: {"active": False, "queued": False, "completed": True},
}

#: By failure code, the status of the error. All others are 500.
_STATUS = {
    FailureCode.CONTENT_FILTERED: 422,
    FailureCode.INVALID_REQUEST: 422,
    FailureCode.PICTURE_NOT_FETCHED: 422,
    FailureCode.START_DEADLINE_EXCEEDED: 504,
    FailureCode.DEADLINE_EXCEEDED: 504,
}


def find_error_status(job: JobView) -> int:
    """The status of the error of a job that has failed, or was cancelled."""
    return 409 if job.failure is None else _STATUS.get(job.failure.code, 500)


def describe_state(job: JobView) -> str:
    """A sentence for people."""
    if job.failure is not None:
        return f"failed: {job.failure.code}: {job.failure.message}"
    return job.queue.message or str(job.status)
