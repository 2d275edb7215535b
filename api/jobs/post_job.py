"""`POST /v1/jobs`: take an order."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, g
from pydantic import ConfigDict

from api.answer import answer
from api.authentication import core_checks_the_key
from api.idempotency_key import IdempotencyKeyText, idempotency_key_field
from api.jobs.blueprint import jobs_blueprint
from api.jobs.job_request import JobRequest, build_submission
from api.jobs.retry_after import suggest_next_read
from api.jobs.wait_as_preferred import FinishedOrTried, PreferHeaders, wait_as_preferred
from api.json_body import takes_images
from api.v1 import describe_problems
from core.jobs.request.input_images import list_image_names
from core.jobs.submit.dry_run import try_submission
from core.jobs.submit.new_job import Submission
from core.jobs.submit.submit_job import submit_job
from core.jobs.views.job_view import JobView


class PostJobHeaders(PreferHeaders):
    """Optional headers of the request."""

    model_config = ConfigDict(populate_by_name=True)

    idempotency_key: IdempotencyKeyText | None = idempotency_key_field(
        "Sending the same key and body again gives the first job again, instead of a second one: for a day, if the "
        "deployment does not say otherwise. Printable ASCII without blanks and commas.",
    )


@jobs_blueprint.post(
    "/jobs",
    summary="Send a job",
    responses={
        200: FinishedOrTried,
        202: JobView,
        **describe_problems(
            {
                400: "The body is not valid JSON, or could not be read to its end.",
                410: "The job that this Idempotency-Key made is not there any more (`job_deleted`).",
                413: "The body is longer than 32 MiB, or than 1 MiB without the images in it, or holds more than 4,096 values.",
                415: "The body is not application/json.",
                422: "The request is not valid, or the Idempotency-Key came with another body before.",
                429: "The account has as many jobs waiting as it may have (`too_many_queued_jobs`); try again after "
                "Retry-After seconds. A repeated Idempotency-Key is answered all the same.",
                503: "The database does not answer or takes no writes, the object store does not take the images, or the "
                "account does too much at once (`pictures_busy`, `submits_busy`); try again after Retry-After seconds.",
            }
        ),
    },
)
@core_checks_the_key
@takes_images(*list_image_names())
def post_job(header: PostJobHeaders, body: JobRequest) -> Response:
    """Queue a job. It is accepted, and will reach an end, once this answers 202; with `Prefer: wait=N` the answer is 200 and the
    finished job, if it ends in time. With `dry_run` the answer is 200 as well, and nothing is queued.
    """
    submission = build_submission(body, idempotency_key=header.idempotency_key)
    return answer(try_submission(submission)) if body.dry_run else take_order(submission, header.prefer)


def take_order(submission: Submission, prefer: str | None) -> Response:
    """Submits the job and answers with it, or when it has ended, if the client would rather wait."""
    accepted = submit_job(submission)
    g.answered_with = {"job_id": accepted.view.id, "model": accepted.view.model}
    response = answer(accepted.view, HTTPStatus.ACCEPTED)
    response.headers["Location"] = accepted.view.urls.self
    suggest_next_read(response, accepted.view.status, accepted.view.queue.position)
    if not accepted.is_new:
        response.headers["Idempotent-Replayed"] = "true"
    wait_as_preferred(prefer, accepted.view, response)
    return response
