"""`POST /fal/run/darkroom/{model}`: a request that is waited for, without the queue's addresses."""

from __future__ import annotations

from flask import Response, request

from api.dialects.fal.blueprint import fal_blueprint
from api.dialects.fal.queue_request import PICTURES, send_request
from api.dialects.fal.request_result import answer_result
from api.json_body import takes_images
from api.live.asked import KeptAlive, WaitAsked
from api.translation.wait import answer_finished
from core.jobs.request.input_images import list_image_names
from core.webhook_shapes.fal import OWNER

#: The client for Python sends a call again if its connection is cut, or if no byte comes for as long as its user says, which no header does.
_PYTHON = "fal-client/"
_KEPT_ALIVE = KeptAlive(after=1.0, every=1.0, is_repeated=True)


@fal_blueprint.post(f"/run/{OWNER}/<model_id>")
@fal_blueprint.post(f"/run/{OWNER}/<model_id>/<path:task>")
@takes_images(*PICTURES, *list_image_names())
def run(model_id: str, task: str | None = None) -> Response:
    """Draws, and answers with the result when it is there."""
    job = send_request(model_id, task, keeps=WaitAsked, joins_lost=True)
    is_repeating = request.headers.get("User-Agent", "").startswith(_PYTHON)
    return answer_finished(job, answer_result, keep_alive=_KEPT_ALIVE if is_repeating else True, joins_lost=True)
