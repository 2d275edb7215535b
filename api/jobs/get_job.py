"""`GET /v1/jobs/{job_id}`: read a job, or wait for its end."""

from __future__ import annotations

from flask import Response

from api.answer import NOT_MODIFIED, answer_version
from api.authentication import core_checks_the_key, current_account_id, current_api_key_id
from api.jobs.blueprint import JobPath, jobs_blueprint
from api.jobs.retry_after import suggest_next_read
from api.jobs.wait_query import WaitQuery
from api.live.asked import ask_to_wait
from api.v1 import describe_problems
from core.database import read_with_one_retry
from core.jobs.status import FINISHED
from core.jobs.views.build_view import show_row
from core.jobs.views.job_version import name_version
from core.jobs.views.job_view import JobView
from core.jobs.views.read_jobs import read_job


@jobs_blueprint.get(
    "/jobs/<job:job_id>",
    summary="Read a job",
    responses={
        200: JobView,
        **NOT_MODIFIED,
        **describe_problems(
            {
                404: "There is no such job in this account.",
                410: "It has been deleted.",
                503: "The database does not answer, or too many requests wait (`too_many_streams`): read it without `wait`.",
            }
        ),
    },
)
@core_checks_the_key
def get_job(path: JobPath, query: WaitQuery) -> Response:
    """The job as it stands, with fresh download addresses; with `wait` as it is at its end, or when the time is over. Waiting costs
    less than reading again and again. A job that has not finished says in `Retry-After` when to ask again.

    Send the answer's ETag as `If-None-Match`, and an unchanged job is 304, which costs both sides less. The ETag changes with
    all that the job shows, the step of a running job and the place of a queued one as well, and before its download addresses
    end.
    """
    job_id = path.parse()
    row = read_with_one_retry(
        lambda connection: read_job(
            connection, account_id=current_account_id(), job_id=job_id, api_key_id=current_api_key_id()
        )
    )
    if row.status not in FINISHED:
        ask_to_wait(account_id=current_account_id(), job_id=job_id, seconds=query.wait)
    response = answer_version(name_version([row]), lambda: show_row(row).model_dump_json())
    suggest_next_read(response, row.status, row.jobs_before)
    return response
