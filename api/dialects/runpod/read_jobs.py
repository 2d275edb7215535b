"""`status`, `stream` and `cancel`: jobs by their ids, whichever client sent them."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from api.dialects.runpod.blueprint import runpod_blueprint
from api.dialects.runpod.run_job import show_status
from api.translation.jobs import cancel_job, find_job
from core.jobs.status import FINISHED, JobStatus
from core.jobs.views.job_view import JobView
from core.webhook_shapes.runpod import STATUS, show_runpod_job

#: What of the job's stream this client has had. Clients that keep no cookies have it all again.
_CURSOR = "runpod_stream"

#: Seconds that the cursor is kept.
_CURSOR_SECONDS = 24 * 3600


@runpod_blueprint.route("/<endpoint_id>/status/<job_id>", methods=["GET", "POST"])
def read_status(endpoint_id: str, job_id: str) -> Response:  # noqa: ARG001  (jobs of all models are here)
    """The job as it stands."""
    return show_status(find_job(job_id))


@runpod_blueprint.post("/<endpoint_id>/cancel/<job_id>")
def cancel(endpoint_id: str, job_id: str) -> Response:  # noqa: ARG001
    """Cancels the job, which has no body there either."""
    return show_status(cancel_job(job_id))


@runpod_blueprint.route("/<endpoint_id>/stream/<job_id>", methods=["GET", "POST"])
def read_stream(endpoint_id: str, job_id: str) -> Response:  # noqa: ARG001
    """What there is of the job since this client asked last: how far it is, and in the end its output, once."""
    job = find_job(job_id)
    shown = show_runpod_job(job.model_dump(mode="json"))
    place, parts = _find_parts(job, shown)
    is_new = request.cookies.get(_CURSOR) != place
    if shown["status"] == STATUS[JobStatus.CANCELLED] and job.status in FINISHED:
        # To the client's `stream`, CANCELLED is no end: it would ask for ever.
        shown["status"] = STATUS[JobStatus.FAILED]
    response = jsonify({**shown, "stream": parts if is_new else []})
    response.set_cookie(
        _CURSOR,
        place,
        max_age=_CURSOR_SECONDS,
        path=request.path,
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return response


def _find_parts(job: JobView, shown: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    if job.status in FINISHED:
        return "end", [{"output": shown["output"]}]
    if job.status == JobStatus.RUNNING:
        return f"{job.attempts}-{job.progress.step}", [{"output": {"progress": shown["progress"]}}]
    return "start", []
