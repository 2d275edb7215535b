"""`POST /v1/jobs/{job_id}/retry`: send a failed or cancelled job again."""

from __future__ import annotations

from flask import Response

from api.again.made_from import build_sender, describe_again_problems
from api.jobs.blueprint import JobPath, jobs_blueprint
from api.jobs.post_job import PostJobHeaders, take_order
from api.no_query import takes_no_query
from core.jobs.again.retry_job import build_retry
from core.jobs.views.job_view import JobView


@jobs_blueprint.post(
    "/jobs/<job_id>/retry",
    summary="Send a failed job again",
    responses={
        200: JobView,
        202: JobView,
        **describe_again_problems(
            "The job has not finished (`job_not_finished`), or has succeeded (`job_succeeded`): then `replay` or `vary` it. Or it was "
            "sent with `store` false (`job_not_kept`)."
        ),
    },
)
@takes_no_query
def retry_job(path: JobPath, header: PostJobHeaders) -> Response:
    """Queue a new job with the request of one that failed or was cancelled: the same parameters, seed, pictures, labels, priority,
    retention and webhook, and as much time until its deadlines. It is a job of its own, with `derived_from`; the failed one stays as
    it is.
    """
    return take_order(build_retry(build_sender(header.idempotency_key), job_id=path.parse()), header.prefer)
