"""Jobs by their ids, which Hugging Face does not have, whichever client sent them; and whether a model is served."""

from __future__ import annotations

from flask import Response, jsonify

from api.dialects.huggingface.blueprint import huggingface_blueprint
from api.dialects.huggingface.image_answer import answer_image
from api.translation.jobs import find_job
from core.catalog import get_catalog
from core.errors import ModelNotFound


@huggingface_blueprint.get("/models/<model_id>/jobs/<job_id>")
def read_image_job(model_id: str, job_id: str) -> Response:
    """The job's image, or how it stands. Raises ModelNotFound, and JobNotFound."""
    get_catalog().get(model_id)
    return answer_image(find_job(job_id))


@huggingface_blueprint.get("/models/<model_id>/health")
def read_health(model_id: str) -> Response:
    """Raises ModelNotFound, also for a model that is still to be fetched."""
    if not get_catalog().is_available(model_id):
        raise ModelNotFound(f"The files of the model {model_id!r} have not been fetched.")
    return jsonify(status="ok")
