"""`POST /v1/jobs/{job_id}/move`: move a job to the front or the end of the account's own jobs."""

from __future__ import annotations

from typing import Literal

import structlog
from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answer import answer
from api.authentication import current_account_id
from api.jobs.blueprint import JobPath, jobs_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.database import transaction
from core.jobs.own_queue import move_job as use_case
from core.jobs.views.build_view import build_job_view
from core.jobs.views.job_view import JobView

_log = structlog.get_logger()


class MoveRequest(BaseModel):
    """Where the job goes."""

    model_config = ConfigDict(extra="forbid")

    to: Literal["front", "end"] = Field(description="Of the account's own queued jobs of the same priority.")


@jobs_blueprint.post(
    "/jobs/<job_id>/move",
    summary="Move a job in the queue",
    responses={
        200: JobView,
        **describe_problems(
            {
                400: "The body is not valid JSON.",
                404: "There is no such job in this account.",
                409: "The job runs or has ended (`job_not_queued`).",
                410: "The job has been deleted.",
                415: "The body is not application/json.",
            }
        ),
    },
)
@takes_no_query
def move_job(path: JobPath, body: MoveRequest) -> Response:
    """Move a queued job before or behind the account's other jobs of the same model pool and priority. They exchange their
    places, so no job of another account is passed.
    """
    with transaction() as session:
        job = use_case.move_job(session, account_id=current_account_id(), job_id=path.parse(), to=body.to)
        view = build_job_view(session, job)
    _log.info("job_moved", job_id=view.id, to=body.to)
    return answer(view)
