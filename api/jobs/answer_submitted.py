"""The answer to a `POST /v1/jobs` that has waited for its job: the job as it is by now."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, g, request

from api.answer import answer
from api.authentication import current_account_id
from api.live.asked import find_resumed
from api.unread_body import note_whole_body
from core.database import read_with_one_retry
from core.jobs.status import FINISHED
from core.jobs.views.build_view import show_row
from core.jobs.views.read_jobs import read_job


def answer_submitted() -> Response | None:
    """Stands before the operations of jobs. None: the request has not submitted a job before it waited."""
    resumed = find_resumed(request.environ)
    job_id = None if resumed is None or not resumed.asked.submitted else resumed.asked.job_id
    if resumed is None or job_id is None:
        return None
    # It was read before the wait.
    note_whole_body()
    view = show_row(
        read_with_one_retry(lambda connection: read_job(connection, account_id=current_account_id(), job_id=job_id))
    )
    g.answered_with |= {"job_id": view.id, "model": view.model}
    response = answer(view, HTTPStatus.OK if view.status in FINISHED else HTTPStatus.ACCEPTED)
    response.headers.update(resumed.asked.headers)
    return response
