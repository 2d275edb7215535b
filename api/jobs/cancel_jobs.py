"""`POST /v1/jobs/cancel`: cancel the jobs that a filter wants."""

from __future__ import annotations

import structlog
from flask import Response
from pydantic import BaseModel, Field

from api.answer import answer
from api.authentication import current_account_id
from api.jobs.blueprint import jobs_blueprint
from api.jobs.bulk_request import BULK_PROBLEMS, BulkRequest
from api.no_query import takes_no_query
from core.doorbell import DELIVER_NEXT, WEBHOOK_QUEUE, get_doorbell
from core.ids import format_id
from core.jobs.outcomes import cancel_jobs as use_case

_log = structlog.get_logger()


class CancelledJobs(BaseModel):
    """What became of the jobs of this call."""

    cancelled: list[str] = Field(
        description="Ids of jobs that waited: they are cancelled.", examples=[["job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"]]
    )
    stopping: list[str] = Field(description="Ids of jobs that ran: they stop at their next step.")
    has_more: bool = Field(description="Whether the filter wants more jobs: send the same again.")


@jobs_blueprint.post(
    "/jobs/cancel",
    summary="Cancel many jobs",
    responses={
        200: CancelledJobs,
        **BULK_PROBLEMS,
    },
)
@takes_no_query
def cancel_jobs(body: BulkRequest) -> Response:
    """Cancel the queued and running jobs that fit all filters, up to 100 with each call. None of them can succeed any more once
    this answers. Jobs that have ended, or end at the same moment, are left as they are.
    """
    done = use_case.cancel_jobs(body.build(), account_id=current_account_id(), limit=body.limit)
    _log.info("jobs_cancel_requested", cancelled=len(done.cancelled), stopping=len(done.stopping))
    if done.cancelled:
        get_doorbell().ring_soon(WEBHOOK_QUEUE, DELIVER_NEXT)
    return answer(
        CancelledJobs(
            cancelled=[format_id("job", job_id) for job_id in done.cancelled],
            stopping=[format_id("job", job_id) for job_id in done.stopping],
            has_more=done.has_more,
        )
    )
