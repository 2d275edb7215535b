"""What a call of OpenAI's Images API asks for, in the words of `POST /v1/jobs`: of one that is made by itself, and of a batch's lines. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.catalog import get_catalog
from core.errors import FieldError, InvalidRequest
from core.settings import get_settings

#: How errors name the fields that are called otherwise there.
SENT_AS = {
    "num_images": "n",
    "output_quality": "output_compression",
    "metadata": "user",
    "mask_image": "mask",
    "width": "size",
    "height": "size",
}

#: Models of OpenAI's own, which clients name by habit: they are the deployment's default model.
_THEIR_MODELS = ("gpt-image-", "dall-e-", "chatgpt-image-")

#: By quality, what the model's default number of steps is multiplied with.
_STEPS = {"low": 0.5, "medium": 1.0, "standard": 1.0, "auto": 1.0, "high": 2.0, "hd": 2.0}

#: Values that ask for what is done anyway.
_AS_IT_IS: dict[str, tuple[Any, ...]] = {
    "background": ("auto", "opaque"),
    "moderation": ("auto",),
    "input_fidelity": ("low",),
}

#: Values that change nothing here, and that the answer warns of: names of what only OpenAI's models have.
_WITHOUT_EFFECT: dict[str, tuple[Any, ...]] = {
    "moderation": ("low",),
    "input_fidelity": ("high",),
    "style": ("vivid", "natural"),
}

_MOST_PARTIAL = 3

#: Of one edit.
_MOST_IMAGES = 16


@dataclass(frozen=True)
class ImageCall:
    """One call."""

    #: For `POST /v1/jobs`.
    fields: dict[str, Any]
    #: What the answer is like.
    as_url: bool
    is_stream: bool
    partial_images: int
    quality: str
    warnings: list[str] = field(default_factory=list)


def read_image_call(body: dict[str, Any]) -> ImageCall:
    """Takes the fields that are OpenAI's own out of a body; the others are ours, as `extra_body` sends them. Raises InvalidRequest."""
    fields = dict(body)
    errors: list[FieldError] = []
    warnings: list[str] = []

    def take(name: str, *allowed: Any, default: Any) -> Any:
        value = fields.pop(name, None)
        if value is None:
            return default
        if not any(value is each or (value == each and type(value) is type(each)) for each in allowed):
            errors.append(FieldError(name, f"must be one of {', '.join(map(str, allowed))}", "not_allowed"))
            return default
        return value

    quality = take("quality", *_STEPS, default="auto")
    as_url = take("response_format", "url", "b64_json", default="b64_json") == "url"
    is_stream = take("stream", True, False, default=False)
    partial_images = take("partial_images", *range(_MOST_PARTIAL + 1), default=0)
    for name in (*_AS_IT_IS, *_WITHOUT_EFFECT):
        value = fields.get(name)
        if value in _WITHOUT_EFFECT.get(name, ()):
            warnings.append(f"{name}: {value} has no effect here")
        if value is None or value in (*_AS_IT_IS.get(name, ()), *_WITHOUT_EFFECT.get(name, ())):
            fields.pop(name, None)
    if "background" in fields:
        errors.append(FieldError("background", "must be opaque or auto: images have no transparency", "not_allowed"))
    if errors:
        raise InvalidRequest(errors)
    _rename(fields)
    _choose_steps(fields, quality)
    return ImageCall(fields, as_url, is_stream, partial_images, quality, warnings)


def read_edit_call(sent: dict[str, Any]) -> ImageCall:
    """What a body asks for, in its JSON form or as a form was read. Raises InvalidRequest."""
    body = _read_json(sent)
    if not body.get("image"):
        raise InvalidRequest([FieldError("image", "is required: the picture to edit", "required")])
    if "mask_image" in body:
        # Where it is transparent.
        body.setdefault("mask_mode", "alpha")
    return read_image_call(body)


def _rename(fields: dict[str, Any]) -> None:
    if fields.get("size") == "auto":
        del fields["size"]
    if str(fields.get("model", "")).startswith(_THEIR_MODELS):
        del fields["model"]
    compression = fields.pop("output_compression", None)
    if compression is not None and (compression, fields.get("output_format", "png")) != (100, "png"):
        # 0 is the smallest file; ours begin with 1.
        fields["output_quality"] = 1 if compression == 0 else compression
    user = fields.pop("user", None)
    if user is not None:
        metadata = fields.get("metadata") or {}
        fields["metadata"] = {"user": user, **metadata} if isinstance(metadata, dict) else metadata


def _choose_steps(fields: dict[str, Any], quality: str) -> None:
    factor = _STEPS[quality]
    model = get_catalog().find(str(fields.get("model") or get_settings().default_model))
    if factor != 1 and model is not None and not {"num_inference_steps", "steps"} & fields.keys():
        fields["num_inference_steps"] = min(model.max_steps, max(1, round(model.default_steps * factor)))


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
