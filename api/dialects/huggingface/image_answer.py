"""A finished job as Hugging Face answers it: the bytes of its image, or an error."""

from __future__ import annotations

from flask import Response

from api.dialects.huggingface.blueprint import write_error
from api.dialects.huggingface.states import describe, find_status
from api.translation.pictures import read_files
from core.jobs.status import JobStatus
from core.jobs.views.job_view import JobView


def answer_image(job: JobView) -> Response:
    """The first image of a job that has succeeded, and the error of another one, or of one that is still at work."""
    response = Response()
    response.headers["X-Job-Id"] = job.id
    if job.status == JobStatus.SUCCEEDED:
        shown = [output for output in job.outputs if output.id is not None][:1]
        [file] = read_files(shown)
        response.mimetype = file.media_type
        response.set_data(file.body)
        response.headers["X-Seed"] = str(shown[0].seed)
        return response
    code, message = describe(job)
    eta = job.queue.eta_seconds
    write_error(
        response, find_status(job), message, code=code, **({} if eta is None else {"estimated_time": round(eta.p50, 1)})
    )
    return response
