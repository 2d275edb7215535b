"""`POST /huggingface/models/{id}`: an image of a prompt, or of a picture and a prompt, as bytes."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from api.dialects.huggingface.blueprint import huggingface_blueprint
from api.dialects.huggingface.image_answer import answer_image
from api.json_body import takes_images
from api.live.asked import WaitAsked
from api.translation.submit import read_object, submit
from api.translation.wait import answer_finished
from core.catalog import get_catalog
from core.errors import FieldError, InvalidRequest
from core.pictures.picture_text import PictureText

#: By media type that the client accepts, the format of the image. Others are PNGs.
_FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/webp": "webp"}

#: What a body may have. What the `options` of old clients ask for, to wait and not to answer from a cache, is done anyway.
_BODY = {"inputs", "parameters", "options"}


@huggingface_blueprint.post("/models/<model_id>")
@takes_images("inputs")
def draw_image(model_id: str) -> Response:
    """Draws, and answers with the image when it is there."""
    get_catalog().get(model_id)
    if not request.is_json:
        # The client sends a picture as it is if no parameter comes with it.
        raise InvalidRequest([FieldError("parameters.prompt", "is required: what to make of the picture", "required")])
    fields, sent_as = _read_call(read_object())
    # A client whose user names a format sends that, and after it its own `image/png`.
    wanted = next((_FORMATS[type_] for type_, _ in request.accept_mimetypes if type_ in _FORMATS), "png")
    fields = {"output_format": wanted, **fields, "model": model_id}
    job = submit(fields, sent_as=sent_as, keeps=WaitAsked, joins_lost=True)
    return answer_finished(job, answer_image, keep_alive=False, joins_lost=True)


def _read_call(body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields of `POST /v1/jobs`, and how errors name them."""
    parameters = body.get("parameters") or {}
    problems = [FieldError(name, "is not a field of this operation", "unknown") for name in body.keys() - _BODY]
    if not isinstance(parameters, dict):
        problems.append(FieldError("parameters", "must be an object", "wrong_type"))
    inputs = body.get("inputs")
    if not isinstance(inputs, str | PictureText) or not inputs:
        problems.append(FieldError("inputs", "is required: a prompt, or a picture as base64", "required"))
    if problems:
        raise InvalidRequest(problems)
    fields = {name: value for name, value in parameters.items() if value is not None}
    sent_as = {name: f"parameters.{name}" for name in (*fields, "prompt")}
    if fields.get("num_images", 1) != 1:
        raise InvalidRequest([FieldError("parameters.num_images", "must be 1: the answer is one image", "not_allowed")])
    if "target_size" in fields:
        fields |= _read_size(fields.pop("target_size"))
        sent_as |= {"width": "parameters.target_size.width", "height": "parameters.target_size.height"}
    if "prompt" in fields or isinstance(inputs, PictureText):
        return {**fields, "image": inputs}, {**sent_as, "image": "inputs"}
    return {**fields, "prompt": inputs}, {**sent_as, "prompt": "inputs"}


def _read_size(size: Any) -> dict[str, Any]:
    if not isinstance(size, dict) or size.keys() != {"width", "height"}:
        raise InvalidRequest([FieldError("parameters.target_size", "must have `width` and `height`", "wrong_type")])
    return size
