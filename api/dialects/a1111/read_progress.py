"""`/a1111/sdapi/v1/progress`, `interrupt` and `skip`, of what this account draws through this API; and any job by its id."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from api.dialects.a1111.blueprint import a1111_blueprint
from api.dialects.a1111.draw_request import METADATA
from api.dialects.a1111.states import TASK, describe_state
from api.translation.jobs import cancel_job, find_job, list_newest
from api.translation.pictures import link_outputs, to_base64
from api.translation.submit import read_object
from core.errors import FieldError, InvalidRequest, JobFinished
from core.ids import parse_id
from core.jobs.status import JobStatus
from core.jobs.views.job_view import JobView
from core.previews import find_preview


@a1111_blueprint.get("/sdapi/v1/progress")
def read_progress() -> Response:
    """How far the current job is: the newest that runs, or that waits."""
    job = _find_current()
    return jsonify(
        progress=0.0 if job is None else job.progress.fraction,
        eta_relative=0.0 if job is None else _read_eta(job),
        state={
            "skipped": False,
            "interrupted": job is not None and job.cancel_requested_at is not None,
            "stopping_generation": job is not None and job.cancel_requested_at is not None,
            "job": "" if job is None else job.id,
            "job_count": 0 if job is None else 1,
            "job_timestamp": "0" if job is None else job.created_at.strftime("%Y%m%d%H%M%S"),
            "job_no": 0,
            "sampling_step": 0 if job is None else job.progress.step,
            "sampling_steps": 0 if job is None else job.progress.steps,
        },
        current_image=None if job is None else _read_preview(job),
        textinfo=None if job is None else describe_state(job),
    )


@a1111_blueprint.post("/sdapi/v1/interrupt")
@a1111_blueprint.post("/sdapi/v1/skip")
def interrupt() -> Response:
    """Cancels the current job: its call is answered with an error."""
    job = _find_current()
    if job is not None:
        try:
            cancel_job(job.id)
        except JobFinished:
            # It has just ended by itself.
            return jsonify({})
    return jsonify({})


@a1111_blueprint.post("/internal/progress")
def read_task() -> Response:
    """One job by its id, whichever client sent it."""
    job_id = read_object().get("id_task")
    if not isinstance(job_id, str):
        raise InvalidRequest([FieldError("id_task", "is required: the id of a job", "required")])
    job = find_job(job_id)
    shown: dict[str, Any] = {
        **TASK[JobStatus(job.status)],
        "progress": job.progress.fraction,
        "eta": _read_eta(job),
        "live_preview": _read_preview(job),
        "textinfo": describe_state(job),
        "status": job.status,
        "images": link_outputs(job.outputs),
    }
    return jsonify(shown)


def _find_current() -> JobView | None:
    for status in (JobStatus.RUNNING, JobStatus.QUEUED):
        page = list_newest(limit=1, statuses=(status,), metadata=METADATA)
        if page.jobs:
            return page.jobs[0]
    return None


def _read_eta(job: JobView) -> float:
    return 0.0 if job.queue.eta_seconds is None else job.queue.eta_seconds.p50


def _read_preview(job: JobView) -> str | None:
    job_id = parse_id("job", job.id)
    preview = find_preview(job_id) if job_id is not None and job.status == JobStatus.RUNNING else None
    return None if preview is None else to_base64(preview)
