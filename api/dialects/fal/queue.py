"""`/fal/darkroom/{model}`: put a request into the queue; its status, once or as it changes, its result, and its end."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request

from api.dialects.fal.blueprint import answer, fal_blueprint
from api.dialects.fal.queue_request import PICTURES, send_request
from api.dialects.fal.request_result import answer_result
from api.dialects.fal.request_status import build_log, show_status
from api.json_body import takes_images
from api.translation.jobs import cancel_job, find_job
from api.translation.stream import stream_job, write_event
from core.errors import JobFinished, JobNotFound
from core.jobs.events.event import JobEvent
from core.jobs.request.input_images import list_image_names
from core.jobs.status import FINISHED, JobStatus
from core.jobs.views.job_view import JobView
from core.live_events.numbers import moment_of
from core.webhook_shapes.fal import OWNER

_REQUEST = f"/{OWNER}/<model_id>/requests/<job_id>"


@fal_blueprint.post(f"/{OWNER}/<model_id>")
@fal_blueprint.post(f"/{OWNER}/<model_id>/<path:task>")
@takes_images(*PICTURES, *list_image_names())
def submit_request(model_id: str, task: str | None = None) -> Response:
    """Queues a job of the model, and of the task that may follow it in the address."""
    job = send_request(model_id, task)
    return answer(show_status(job, with_logs=False) | {"gateway_request_id": job.id}, job_id=job.id)


@fal_blueprint.get(f"{_REQUEST}/status")
def read_status(model_id: str, job_id: str) -> Response:
    """Where it is."""
    job = _find(model_id, job_id)
    status = HTTPStatus.OK if job.status in FINISHED else HTTPStatus.ACCEPTED
    return answer(show_status(job, with_logs=_wants_logs()), job_id=job.id, status=status)


@fal_blueprint.get(f"{_REQUEST}/status/stream")
def stream_status(model_id: str, job_id: str) -> Response:
    """Where it is, each time that this changes, until its end."""
    job = _find(model_id, job_id)
    return stream_job(job, StatusStream(show_status(job, with_logs=False), with_logs=_wants_logs()).translate)


@fal_blueprint.get(_REQUEST)
def read_result(model_id: str, job_id: str) -> Response:
    """Its images, or its error."""
    return answer_result(_find(model_id, job_id))


@fal_blueprint.put(f"{_REQUEST}/cancel")
def cancel_request(model_id: str, job_id: str) -> Response:
    """Ends it: at once, or at its next step."""
    try:
        job = cancel_job(_find(model_id, job_id).id)
    except JobFinished:
        return answer({"status": "ALREADY_COMPLETED"}, job_id=job_id, status=HTTPStatus.BAD_REQUEST)
    except JobNotFound:
        return answer({"status": "NOT_FOUND"}, job_id=job_id, status=HTTPStatus.NOT_FOUND)
    if job.status == JobStatus.CANCELLED:
        return answer({"status": "OK"}, job_id=job.id)
    return answer({"status": "CANCELLATION_REQUESTED"}, job_id=job.id, status=HTTPStatus.ACCEPTED)


class StatusStream:
    """Translates the events of one job."""

    def __init__(self, status: dict[str, object], *, with_logs: bool) -> None:
        """`status`: of the request, of which the ids and addresses stay."""
        self._common = {name: value for name, value in status.items() if name.endswith(("_id", "_url"))}
        self._with_logs = with_logs

    def translate(self, event: JobEvent) -> bytes:
        """What is sent of an event; nothing of most."""
        match event.type:
            case "queued" | "retrying":
                return self._write("IN_QUEUE", queue_position=0)
            case "position":
                return self._write("IN_QUEUE", queue_position=event.details["position"])
            case "started":
                return self._write("IN_PROGRESS", logs=[] if self._with_logs else None)
            case "step" if self._with_logs:
                line = f"step {event.details['step']} of {event.details['steps']}"
                return self._write("IN_PROGRESS", logs=[build_log(line, moment_of(event.number))])
            case "finished":
                return write_event(show_status(JobView.model_validate(event.details), with_logs=self._with_logs))
        return b""

    def _write(self, status: str, **more: object) -> bytes:
        return write_event({"status": status, **self._common, **more})


def _find(model_id: str, job_id: str) -> JobView:
    job = find_job(job_id)
    if job.model != model_id:
        raise JobNotFound
    return job


def _wants_logs() -> bool:
    return request.args.get("logs", "").lower() in {"1", "true"}
