"""`PUT /v1/jobs/{id}`: take an order under an id of the client's own."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answer import answer
from api.authentication import core_checks_the_key
from api.jobs.blueprint import CLIENT_ID, jobs_blueprint
from api.jobs.job_request import JobRequest, build_submission
from api.jobs.post_job import take_order
from api.jobs.wait_as_preferred import FinishedOrTried, PreferHeaders
from api.json_body import takes_images
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.errors import ClientIdTaken, IdempotencyKeyReused
from core.jobs.request.input_images import list_image_names
from core.jobs.submit.dry_run import try_submission
from core.jobs.submit.idempotency import build_client_key
from core.jobs.views.job_view import JobView


class ClientIdPath(BaseModel):
    """The id that the client gives."""

    model_config = ConfigDict(regex_engine="python-re")

    job_id: str = Field(
        pattern=f"^{CLIENT_ID}$",
        description="Letters, digits, and `.`, `_`, `~`, `-`; at most 100, not beginning with `job_`, as ours do, and neither `cancel` nor "
        "`delete`.",
        examples=["order-4711"],
    )


@jobs_blueprint.put(
    "/jobs/<job:job_id>",
    summary="Send a job under your own id",
    responses={
        200: FinishedOrTried,
        202: JobView,
        **describe_problems(
            {
                400: "The body is not valid JSON, or could not be read to its end.",
                410: "The job of this id is not there any more (`job_deleted`).",
                413: "The body is longer than 32 MiB, or than 1 MiB without the images in it, or holds more than 4,096 values.",
                415: "The body is not application/json.",
                422: "The request is not valid, or the id was given to a job with another body (`client_id_taken`).",
                429: "The account has as many jobs waiting as it may have (`too_many_queued_jobs`); try again after "
                "Retry-After seconds. A repeated request is answered all the same.",
                503: "As for `POST /v1/jobs`; try again after Retry-After seconds.",
            }
        ),
    },
)
@core_checks_the_key
@takes_images(*list_image_names())
@takes_no_query
def put_job(path: ClientIdPath, header: PreferHeaders, body: JobRequest) -> Response:
    """Queue a job under an id of your own, as `POST /v1/jobs` does. Sending the same id and body again gives the same job again,
    for as long as it is there. The job is read, cancelled and deleted under either id.
    """
    submission = build_submission(body, idempotency_key=build_client_key(path.job_id))
    try:
        return answer(try_submission(submission)) if body.dry_run else take_order(submission, header.prefer)
    except IdempotencyKeyReused:
        raise ClientIdTaken from None
