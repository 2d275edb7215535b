"""`run` and `runsync`: send a job, and wait for it or not. `retry`: send a failed one again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, jsonify, request

from api.again.made_from import build_sender
from api.dialects.runpod.blueprint import runpod_blueprint
from api.dialects.runpod.run_request import read_run_call
from api.jobs.blueprint import JobPath
from api.json_body import takes_images
from api.live.asked import KeptAlive, WaitAsked
from api.translation.submit import read_object, submit
from api.translation.wait import answer_later
from core.catalog import get_catalog
from core.errors import FieldError, InvalidRequest
from core.jobs.again.retry_job import build_retry
from core.jobs.submit.submit_job import submit_job
from core.jobs.views.job_view import JobView
from core.webhook_shapes.runpod import show_runpod_job

#: The shape of the webhooks.
_SHAPE = "runpod"

#: Milliseconds that `runsync` waits, as RunPod has them: if the call does not say, at least, and at most.
_WAIT, _LEAST_WAIT, _MOST_WAIT = 90_000, 1_000, 300_000

#: The client's own limit for a call is on no header, and is what it waits for a byte: a blank every second is one. An error does not
#: need another status: it is in the body.
_KEPT_ALIVE = KeptAlive(after=1.0, every=1.0, is_repeated=False)


@runpod_blueprint.post("/<endpoint_id>/run")
@takes_images("input")
def run(endpoint_id: str) -> Response:
    """Queues a job, and answers at once."""
    return jsonify(_show_new(_submit(endpoint_id)))


@runpod_blueprint.post("/<endpoint_id>/runsync")
@takes_images("input")
def run_and_wait(endpoint_id: str) -> Response:
    """Queues a job, and answers when it has ended, or as it stands when the time is over. The client reads its status then."""
    wait = _read_wait()
    job = _submit(endpoint_id, keeps=WaitAsked)
    return answer_later(job, show_status, seconds=wait / 1000, kept_alive=_KEPT_ALIVE)


@runpod_blueprint.post("/<endpoint_id>/retry/<job_id>")
def retry(endpoint_id: str, job_id: str) -> Response:  # noqa: ARG001  (the job has its own model)
    """Queues a job like the one that failed; it has an id of its own. Raises what `build_retry` raises."""
    submission = build_retry(build_sender(None), job_id=JobPath(job_id=job_id).parse())
    return jsonify(_show_new(submit_job(replace(submission, webhook_shape=_SHAPE)).view))


def show_status(job: JobView) -> Response:
    """The job as it stands."""
    return jsonify(show_runpod_job(job.model_dump(mode="json")))


def _submit(endpoint_id: str, **options: Any) -> JobView:
    get_catalog().get(endpoint_id)
    call = read_run_call(read_object(), model=endpoint_id)
    return submit(call.fields, sent_as=call.sent_as, webhook_shape=_SHAPE, **options)


def _show_new(job: JobView) -> dict[str, Any]:
    shown = show_runpod_job(job.model_dump(mode="json"))
    return {name: shown[name] for name in ("id", "status")}


def _read_wait() -> int:
    text = request.args.get("wait", str(_WAIT))
    if not (text.isascii() and text.isdigit() and _LEAST_WAIT <= int(text[:9]) <= _MOST_WAIT):
        raise InvalidRequest([FieldError("wait", f"must be milliseconds from {_LEAST_WAIT} to {_MOST_WAIT}")])
    return int(text)
