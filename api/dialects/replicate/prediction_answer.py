"""A job as an answer to Replicate's clients."""

from __future__ import annotations

from typing import Any

from api.translation.pictures import link_outputs, read_files, to_data_uri
from core.errors import OutputNotFound
from core.jobs.status import FINISHED
from core.jobs.views.job_view import JobView
from core.settings import get_settings
from core.webhook_shapes.replicate import show_prediction


def build_prediction(job: JobView) -> dict[str, Any]:
    """The prediction as it stands, with outputs that its clients can open."""
    prediction = show_prediction(job.model_dump(mode="json"))
    if prediction["output"]:
        prediction["output"] = list_outputs(job)
    return prediction


def build_waited_prediction(job: JobView) -> dict[str, Any]:
    """The prediction that a call has waited for. One that has not ended is `starting`, however far it is: its clients take every
    other word for an end.
    """
    return build_prediction(job) | ({} if job.status in FINISHED else {"status": "starting"})


def list_outputs(job: JobView) -> list[str]:
    """The outputs: its clients open addresses that begin with `https:` or `data:`, and leave all others as text."""
    there = [output for output in job.outputs if output.deleted_at is None]
    if get_settings().public_url.startswith("https:"):
        return link_outputs(there)
    try:
        return [to_data_uri(file.body, file.media_type) for file in read_files(there)]
    except OutputNotFound:
        # They have been deleted since the job was read.
        return []
