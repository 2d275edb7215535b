"""`POST /fal/darkroom/{model}`: put a request into the queue."""

from __future__ import annotations

from flask import Response

from api.dialects.fal.blueprint import answer, fal_blueprint
from api.dialects.fal.queue_request import PICTURES, read_queue_request
from api.dialects.fal.request_status import list_urls
from api.json_body import takes_images
from api.translation.submit import read_object, submit
from core.catalog import get_catalog
from core.jobs.request.input_images import list_image_names
from core.webhook_shapes.fal import OWNER


@fal_blueprint.post(f"/{OWNER}/<model_id>")
@fal_blueprint.post(f"/{OWNER}/<model_id>/<path:task>")
@takes_images(*PICTURES, *list_image_names())
def submit_request(model_id: str, task: str | None = None) -> Response:
    """Queues a job of the model, and of the task that may follow it in the address."""
    get_catalog().get(model_id)
    call = read_queue_request(read_object(), model_id=model_id, task=task)
    job = submit(call.fields, sent_as=call.sent_as, webhook_shape="fal")
    body = {
        "status": "IN_QUEUE",
        "request_id": job.id,
        "gateway_request_id": job.id,
        "queue_position": job.queue.position or 0,
        **list_urls(job),
    }
    return answer(body, job_id=job.id)
