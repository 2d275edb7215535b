"""`GET /v1/jobs/{job_id}`: poll a job."""

from __future__ import annotations

from flask import Response

from api.authentication import current_account_id
from api.jobs.blueprint import JobPath, jobs_blueprint
from api.v1 import NoQuery, describe_problems
from core.database import transaction
from core.jobs.views.build_view import build_job_view
from core.jobs.views.job_view import JobView
from core.jobs.views.read_jobs import get_job as read_job


@jobs_blueprint.get(
    "/jobs/<job_id>",
    summary="Read a job",
    responses={
        200: JobView,
        **describe_problems({404: "There is no such job in this account.", 410: "It has been deleted."}),
    },
)
def get_job(path: JobPath, query: NoQuery) -> Response:  # noqa: ARG001  (its being empty is the check)
    """The job as it stands, with fresh download addresses."""
    with transaction() as session:
        view = build_job_view(session, read_job(session, account_id=current_account_id(), job_id=path.parse()))
    return Response(view.model_dump_json(), mimetype="application/json")
