"""`GET /v1/jobs/{job_id}`: poll a job."""

from __future__ import annotations

from flask import Response

from api.answer import answer
from api.authentication import current_account_id
from api.jobs.blueprint import JobPath, jobs_blueprint
from api.no_query import takes_no_query
from api.v1 import describe_problems
from core.database import transaction
from core.jobs.views import read_jobs
from core.jobs.views.build_view import build_job_view
from core.jobs.views.job_view import JobView


@jobs_blueprint.get(
    "/jobs/<job_id>",
    summary="Read a job",
    responses={
        200: JobView,
        **describe_problems({404: "There is no such job in this account.", 410: "It has been deleted."}),
    },
)
@takes_no_query
def get_job(path: JobPath) -> Response:
    """The job as it stands, with fresh download addresses."""
    with transaction() as session:
        view = build_job_view(session, read_jobs.get_job(session, account_id=current_account_id(), job_id=path.parse()))
    return answer(view)
