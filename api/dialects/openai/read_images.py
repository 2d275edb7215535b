"""Jobs by their ids, which OpenAI's Images API does not have: in the shape of its jobs of videos, whichever client sent them."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from api.dialects.openai.blueprint import openai_blueprint
from api.dialects.openai.states import describe_failure, name_status
from api.translation.figures import measure_cost, to_seconds
from api.translation.jobs import cancel_job, find_job
from api.translation.pictures import link_outputs
from core.jobs.status import FINISHED, JobStatus
from core.jobs.views.job_view import JobView


@openai_blueprint.get("/images/generations/<job_id>")
def read_image_job(job_id: str) -> Response:
    """The job as it stands."""
    return jsonify(_show(find_job(job_id)))


@openai_blueprint.post("/images/generations/<job_id>/cancel")
def cancel_image_job(job_id: str) -> Response:
    """Cancels the job."""
    return jsonify(_show(cancel_job(job_id)))


def _show(job: JobView) -> dict[str, Any]:
    error = None
    if job.status in FINISHED - {JobStatus.SUCCEEDED}:
        _, type_, code, message = describe_failure(job)
        error = {"message": message, "type": type_, "code": code}
    return {
        "id": job.id,
        "object": "image.generation",
        "model": job.model,
        "status": name_status(job),
        "progress": round(job.progress.fraction * 100),
        "created_at": to_seconds(job.created_at),
        "completed_at": None if job.finished_at is None else to_seconds(job.finished_at),
        "expires_at": None if job.expires_at is None else to_seconds(job.expires_at),
        "data": [{"url": url} for url in link_outputs(job.outputs)],
        "error": error,
        "cost": measure_cost(job),
    }
