"""What our states and failures are in Hugging Face's words, which are statuses of HTTP."""

from __future__ import annotations

from http import HTTPStatus

from core.jobs.failures import FailureCode
from core.jobs.status import JobStatus
from core.jobs.views.job_view import JobView

#: By status; a job that waits or runs is a model that is not ready yet, with an `estimated_time`.
STATUS = {
    JobStatus.QUEUED: HTTPStatus.SERVICE_UNAVAILABLE,
    JobStatus.RUNNING: HTTPStatus.SERVICE_UNAVAILABLE,
    JobStatus.SUCCEEDED: HTTPStatus.OK,
    JobStatus.FAILED: HTTPStatus.INTERNAL_SERVER_ERROR,
    JobStatus.CANCELLED: HTTPStatus.CONFLICT,
}

#: By failure code. All others are 500.
_FAILURES = {
    FailureCode.CONTENT_FILTERED: HTTPStatus.BAD_REQUEST,
    FailureCode.INVALID_REQUEST: HTTPStatus.UNPROCESSABLE_ENTITY,
    FailureCode.PICTURE_NOT_FETCHED: HTTPStatus.UNPROCESSABLE_ENTITY,
    FailureCode.START_DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
    FailureCode.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
}


def find_status(job: JobView) -> HTTPStatus:
    """The status of an answer with this job."""
    return STATUS[job.status] if job.failure is None else _FAILURES.get(job.failure.code, STATUS[job.status])


def describe(job: JobView) -> tuple[str, str]:
    """A code and a sentence about a job that has not succeeded."""
    if job.failure is not None:
        return str(job.failure.code), f"{job.failure.message} (job {job.id})"
    if job.status == JobStatus.CANCELLED:
        return "cancelled", f"The job {job.id} was cancelled."
    return str(job.status), f"The job {job.id} is {job.status}."
