"""What has come of a request: its images, or its error."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response

from api.dialects.fal.blueprint import answer, mark_error
from core.jobs.status import FINISHED
from core.jobs.views.job_view import JobView
from core.webhook_shapes.fal import FalFailure, describe_failure, show_result


def answer_result(job: JobView) -> Response:
    """The result of a job, or its error; also of one that has not ended."""
    shown = job.model_dump(mode="json")
    failure = describe_failure(shown)
    if failure is None and job.status in FINISHED:
        return answer(show_result(shown), job_id=job.id)
    failure = failure or FalFailure(HTTPStatus.BAD_REQUEST, "bad_request", "Request is still in progress")
    response = answer(failure.build_body(), job_id=job.id, status=failure.status)
    mark_error(response, failure.type, retryable=job.failure is not None and job.failure.retryable)
    if failure.type == "request_timeout":
        # The time was the sender's own: its client does not send the request again then.
        response.headers["X-Fal-Request-Timeout-Type"] = "user"
    return response
