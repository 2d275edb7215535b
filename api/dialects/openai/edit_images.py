"""`POST /openai/v1/images/edits`: images that begin with others, as multipart/form-data in every spelling, or as JSON."""

from __future__ import annotations

from typing import Any

from flask import Response

from api.dialects.openai.blueprint import openai_blueprint
from api.dialects.openai.generate_images import answer_call
from api.dialects.openai.image_request import ImageCall, read_image_call
from api.json_body import takes_images
from api.translation.form import Form, is_form, read_form
from api.translation.pictures import picture_of_bytes
from api.translation.submit import read_object
from core.errors import FieldError, InvalidRequest

_MOST_IMAGES = 16

#: Parts that hold pictures, by our field.
_PICTURE_PARTS = {"image": ("image", "image[]"), "mask_image": ("mask",)}

#: Fields that stay text, whatever they look like.
_TEXTS = frozenset(
    {"prompt", "prompt_2", "prompt_3", "negative_prompt", "model", "style", "scheduler", "size", "user", "aspect_ratio"}
)


@openai_blueprint.post("/images/edits")
@takes_images("image", "mask")
def edit_images() -> Response:
    """Draws, and answers with the images."""
    body = _read_form(read_form()) if is_form() else read_object()
    return answer_call(read_edit_call(body), kind="image_edit")


def read_edit_call(sent: dict[str, Any]) -> ImageCall:
    """What a body asks for, in its JSON form or as a form was read. Raises InvalidRequest."""
    body = _read_json(sent)
    if not body.get("image"):
        raise InvalidRequest([FieldError("image", "is required: the picture to edit", "required")])
    if "mask_image" in body:
        # Where it is transparent.
        body.setdefault("mask_mode", "alpha")
    return read_image_call(body)


def _read_form(form: Form) -> dict[str, Any]:
    known = {part: field for field, parts in _PICTURE_PARTS.items() for part in parts}
    pictures: dict[str, list[Any]] = {}
    for part, files in form.files.items():
        if part not in known:
            raise InvalidRequest(
                [FieldError(part, "is no part with a picture: send `image`, `image[]` and `mask`", "unknown")]
            )
        pictures.setdefault(known[part], []).extend(picture_of_bytes(file.body) for file in files)
    return form.read_values(_TEXTS) | {field: each[0] if len(each) == 1 else each for field, each in pictures.items()}


def _read_json(body: dict[str, Any]) -> dict[str, Any]:
    images = body.pop("images", None)
    if images is not None:
        if not isinstance(images, list) or not 1 <= len(images) <= _MOST_IMAGES:
            raise InvalidRequest(
                [FieldError("images", f"must be a list of 1 to {_MOST_IMAGES} images", "wrong_length")]
            )
        found = [_read_reference(each, f"images.{number}") for number, each in enumerate(images)]
        body["image"] = found[0] if len(found) == 1 else found
    mask = body.pop("mask", None)
    if mask is not None:
        body["mask_image"] = _read_reference(mask, "mask") if isinstance(mask, dict) else mask
    return body


def _read_reference(reference: Any, field: str) -> Any:
    given = {} if not isinstance(reference, dict) else {k: v for k, v in reference.items() if v is not None}
    if len(given) != 1 or not given.keys() <= {"image_url", "file_id"}:
        raise InvalidRequest([FieldError(field, "must have exactly one of image_url and file_id", "required")])
    [picture] = given.values()
    return picture
