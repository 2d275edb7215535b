"""What our states and failures are in OpenAI's words."""

from __future__ import annotations

from typing import NamedTuple

from core.jobs.failures import FailureCode
from core.jobs.status import JobStatus
from core.jobs.views.job_view import JobView


class Failure(NamedTuple):
    """An error of OpenAI's."""

    status: int
    type: str
    code: str
    message: str


#: As its jobs of videos and its batches have them; a deadline that has passed is `expired`.
STATUS = {
    JobStatus.QUEUED: "queued",
    JobStatus.RUNNING: "in_progress",
    JobStatus.SUCCEEDED: "completed",
    JobStatus.FAILED: "failed",
    JobStatus.CANCELLED: "cancelled",
}

_EXPIRED = frozenset({FailureCode.START_DEADLINE_EXCEEDED, FailureCode.DEADLINE_EXCEEDED})

#: By failure code: status, type and code of the error. All others are 500, of the server, with our code.
_FAILURES = {
    FailureCode.CONTENT_FILTERED: (400, "image_generation_user_error", "moderation_blocked"),
    FailureCode.INVALID_REQUEST: (400, "invalid_request_error", "invalid_request"),
    FailureCode.PICTURE_NOT_FETCHED: (400, "invalid_request_error", "picture_not_fetched"),
}


def name_status(job: JobView) -> str:
    """Where a job is."""
    if job.failure is not None and job.failure.code in _EXPIRED:
        return "expired"
    return STATUS[job.status]


def describe_failure(job: JobView) -> Failure:
    """The error of a job that has failed or was cancelled."""
    if job.failure is None:
        return Failure(409, "invalid_request_error", "cancelled", f"The job {job.id} was cancelled.")
    code = job.failure.code
    status, type_, name = _FAILURES.get(code, (500, "server_error", str(code)))
    return Failure(status, type_, name, f"{job.failure.message} (job {job.id})")
