"""`POST /v1/jobs`: take an order."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Annotated

from flask import Response, g
from pydantic import AfterValidator, ConfigDict, Field

from api.answer import answer
from api.authentication import core_checks_the_key, current_account_id, current_api_key_id
from api.headers import Headers
from api.jobs.blueprint import jobs_blueprint
from api.json_body import takes_images
from api.v1 import describe_problems
from core.catalog import get_catalog
from core.jobs.request.input_images import list_image_names
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.new_job import Submission
from core.jobs.submit.submit_job import submit_job
from core.jobs.views.job_view import JobView
from core.settings import get_settings

#: A header that stands twice in a request arrives as one, with a comma in it: a client that sent both means two keys, or one by
#: mistake, and a second request with only one of them would be a second job.
_ONE_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]+")


def _check_key(key: str) -> str:
    if not _ONE_KEY.fullmatch(key):
        raise ValueError("must be one key, given once: printable ASCII without blanks and commas")
    return key


class PostJobHeaders(Headers):
    """Optional headers of the request."""

    model_config = ConfigDict(populate_by_name=True)

    idempotency_key: Annotated[str, AfterValidator(_check_key)] | None = Field(
        default=None,
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        json_schema_extra={"pattern": f"^{_ONE_KEY.pattern}$"},
        description="Sending the same key and body again gives the first job again, instead of a second one: for a day, if the "
        "deployment does not say otherwise. Printable ASCII without blanks and commas.",
    )


@jobs_blueprint.post(
    "/jobs",
    summary="Send a job",
    responses={
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
def post_job(header: PostJobHeaders, body: RenderRequest) -> Response:
    """Queue a job. It is accepted, and will reach an end, once this answers 202."""
    accepted = submit_job(
        Submission(
            request=body,
            account_id=current_account_id(),
            api_key_id=current_api_key_id(),
            request_id=g.request_id,
            idempotency_key=header.idempotency_key,
            catalog=get_catalog(),
            settings=get_settings(),
        )
    )
    g.answered_with = {"job_id": accepted.view.id, "model": accepted.view.model}
    response = answer(accepted.view, HTTPStatus.ACCEPTED)
    response.headers["Location"] = accepted.view.urls.self
    if not accepted.is_new:
        response.headers["Idempotent-Replayed"] = "true"
    return response
