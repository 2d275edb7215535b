"""`POST /v1/jobs`: take an order."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import UUID

from flask import Response, g
from pydantic import ConfigDict, Field

from api.authentication import confirm_account, current_account_id, current_api_key_id
from api.headers import Headers
from api.jobs.blueprint import jobs_blueprint
from api.json_body import takes_images
from api.v1 import describe_problems
from core.artifacts.inputs import InputImage, discard_inputs, stored_inputs
from core.catalog import get_catalog
from core.database import autocommit, transaction
from core.doorbell import RENDER_NEXT, get_doorbell, render_queue
from core.fault_points import fault_point
from core.ids import new_id
from core.jobs.request.input_images import list_input_artifacts, take_out_images
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.new_job_view import build_new_job_view
from core.jobs.submit.submit import submit_in_one_statement, submit_job
from core.jobs.tables import Job
from core.jobs.views.build_view import build_job_view
from core.jobs.views.job_view import JobView
from core.settings import get_settings


class PostJobHeaders(Headers):
    """Optional headers of the request."""

    model_config = ConfigDict(populate_by_name=True)

    idempotency_key: str | None = Field(
        default=None,
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Sending the same key and body again gives the first job again, instead of a second one: for a day, if the "
        "deployment does not say otherwise.",
    )


@jobs_blueprint.post(
    "/jobs",
    summary="Send a job",
    responses={
        202: JobView,
        **describe_problems(
            {
                400: "The body is not valid JSON.",
                410: "The job that this Idempotency-Key made is not there any more (`job_deleted`).",
                413: "The body is longer than 32 MiB, or than 1 MiB without the images in it.",
                415: "The body is not application/json.",
                422: "The request is not valid, or the Idempotency-Key came with another body before.",
                429: "The account has as many jobs waiting as it may have (`too_many_queued_jobs`); try again after "
                "Retry-After seconds. A repeated Idempotency-Key is answered all the same.",
                503: "The database does not answer, or the object store does not take the images; try again after "
                "Retry-After seconds.",
            }
        ),
    },
)
@takes_images
def post_job(header: PostJobHeaders, body: RenderRequest) -> Response:
    """Queue a job. It is accepted, and will reach an end, once this answers 202."""
    job_id = new_id()
    order, images = take_out_images(body, job_id=job_id)
    accepted = None if header.idempotency_key or images else _submit_at_once(order, job_id)
    if accepted is None:
        confirm_account()
        with stored_inputs(images):
            accepted = _submit(order, images, header.idempotency_key, job_id)
    fault_point("after_submit_commit")
    g.answered_with = {"job_id": accepted.view.id, "model": accepted.view.model}

    if accepted.pool is None:
        discard_inputs(images)
    else:
        get_doorbell().ring_soon(
            render_queue(accepted.pool),
            RENDER_NEXT,
            pool=accepted.pool,
            rung_for=accepted.view.id,
            request_id=g.request_id,
        )
    response = Response(accepted.view.model_dump_json(), status=HTTPStatus.ACCEPTED, mimetype="application/json")
    response.headers["Location"] = accepted.view.urls.self
    if accepted.pool is None:
        response.headers["Idempotent-Replayed"] = "true"
    return response


class _Accepted(NamedTuple):
    view: JobView
    #: Of a new job, whose workers have to be told; None: an earlier request made it.
    pool: str | None


def _submit_at_once(order: RenderRequest, job_id: UUID) -> _Accepted | None:
    """The job, committed: most of them, and by one statement. None where that takes a closer look."""
    fault_point("before_submit_commit")
    with autocommit() as connection:
        queued = submit_in_one_statement(connection, order, api_key_id=current_api_key_id(), **_describe_submit(job_id))
    return None if queued is None else _Accepted(build_new_job_view(queued), queued.job.pool)


def _submit(order: RenderRequest, images: Sequence[InputImage], idempotency_key: str | None, job_id: UUID) -> _Accepted:
    with transaction() as session:
        submitted = submit_job(
            session, order, idempotency_key=idempotency_key, images=images, **_describe_submit(job_id)
        )
        if isinstance(submitted, Job):
            accepted = _Accepted(build_job_view(session, submitted), None)
        else:
            inputs = list_input_artifacts(session, {submitted.id: submitted.job.request})[submitted.id]
            accepted = _Accepted(build_new_job_view(submitted, inputs=inputs), submitted.job.pool)
        fault_point("before_submit_commit")
    return accepted


def _describe_submit(job_id: UUID) -> dict[str, Any]:
    return {
        "account_id": current_account_id(),
        "request_id": g.request_id,
        "catalog": get_catalog(),
        "settings": get_settings(),
        "job_id": job_id,
    }
