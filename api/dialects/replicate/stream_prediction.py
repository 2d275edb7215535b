"""`GET /replicate/v1/predictions/{id}/stream`: a prediction as it comes to be."""

from __future__ import annotations

from typing import Any

from flask import Response

from api.dialects.replicate.blueprint import replicate_blueprint
from api.dialects.replicate.prediction_answer import list_outputs
from api.translation.jobs import find_job
from api.translation.stream import stream_job, write_event
from core.jobs.events.event import JobEvent
from core.jobs.views.job_view import JobView
from core.webhook_shapes.replicate import name_status, show_prediction, write_progress


@replicate_blueprint.get("/predictions/<job_id>/stream")
def stream_prediction(job_id: str) -> Response:
    """Lines of its log, its outputs, and its end. Other events its clients do not know, and they drop those without an id."""
    return stream_job(find_job(job_id), _translate)


def _translate(event: JobEvent) -> bytes:
    match event.type:
        case "step":
            line = write_progress(event.details["step"], event.details["steps"])
            return write_event(f"{line}\n", event="logs", event_id=event.number)
        case "finished":
            return _show_end(JobView.model_validate(event.details), event.number)
    return b""


def _show_end(job: JobView, number: int) -> bytes:
    shown = job.model_dump(mode="json")
    status = name_status(shown)
    events: list[tuple[str, Any]] = [("output", address) for address in list_outputs(job)]
    if status == "failed":
        events.append(("error", {"detail": show_prediction(shown)["error"]}))
    events.append(("done", {} if status == "succeeded" else {"reason": "error" if status == "failed" else status}))
    return b"".join(
        write_event(data, event=name, event_id=f"{number}-{place}") for place, (name, data) in enumerate(events)
    )
