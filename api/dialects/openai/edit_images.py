"""`POST /openai/v1/images/edits`: images that begin with others, as multipart/form-data in every spelling, or as JSON."""

from __future__ import annotations

from typing import Any

from flask import Response

from api.dialects.openai.blueprint import openai_blueprint
from api.dialects.openai.generate_images import answer_call
from api.json_body import takes_images
from api.translation.form import Form, is_form, read_form
from api.translation.pictures import picture_of_bytes
from api.translation.submit import read_object
from core.batches.image_calls import read_edit_call
from core.errors import FieldError, InvalidRequest

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
