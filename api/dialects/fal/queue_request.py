"""What a request of fal's queue asks for, in the words of `POST /v1/jobs`."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from flask import request

from core.errors import FieldError, InvalidRequest

#: Pictures by address, as fal has them; ours are called otherwise.
PICTURES = {
    "image_url": "image",
    "image_urls": "image",
    "mask_url": "mask_image",
    "control_image_url": "control_image",
    "ip_adapter_image_url": "ip_adapter_image",
}

#: Names of sizes. Each model draws them with about as many pixels as its default size has.
_SIZES = {
    "square": "1:1",
    "square_hd": "1:1",
    "portrait_4_3": "3:4",
    "portrait_16_9": "9:16",
    "landscape_4_3": "4:3",
    "landscape_16_9": "16:9",
}

#: Values that ask for what is done anyway; others are refused.
_AS_IT_IS = {
    "sync_mode": (False, "must be false: images have addresses"),
    "enable_safety_checker": (True, "must be true: no request switches off a model's filter"),
}

#: By header, the field that it is.
_PRIORITY, _TIMEOUT = "X-Fal-Queue-Priority", "X-Fal-Request-Timeout"
_STORE, _LIFECYCLE = "X-Fal-Store-IO", "X-Fal-Object-Lifecycle-Preference"


@dataclass(frozen=True)
class QueueCall:
    """One call."""

    #: For `POST /v1/jobs`.
    fields: dict[str, Any]
    #: What errors call them.
    sent_as: dict[str, str]


def read_queue_request(body: dict[str, Any], *, model_id: str, task: str | None) -> QueueCall:
    """Raises InvalidRequest."""
    fields = {name: value for name, value in body.items() if value is not None}
    sent_as = {"model": "path", "task": "path", "webhook": "fal_webhook", "webhook.url": "fal_webhook"}
    errors: list[FieldError] = []
    for name, (value, message) in _AS_IT_IS.items():
        if fields.pop(name, value) is not value:
            errors.append(FieldError(name, message, "not_allowed"))
    for name in PICTURES.keys() & fields.keys():
        ours = PICTURES[name]
        if ours in fields:
            errors.append(FieldError(name, f"cannot be given with {sent_as.get(ours, ours)}", "conflict"))
        fields[ours] = fields.pop(name)
        sent_as[ours] = name
    for name in ("webhook", "model", "task"):
        if name in fields:
            errors.append(FieldError(name, "there is no such parameter: it stands in the address", "unknown"))
    if errors:
        raise InvalidRequest(errors)
    if "image_size" in fields:
        fields |= _read_size(fields.pop("image_size"))
        sent_as |= dict.fromkeys(("width", "height", "aspect_ratio"), "image_size")
    if isinstance(fields.get("loras"), list):
        fields["loras"] = [_read_lora(each) for each in fields["loras"]]
    url = request.args.get("fal_webhook")
    fields |= {"model": model_id, "task": task, "webhook": None if url is None else {"url": url}}
    return QueueCall(fields | _read_headers(), sent_as | _HEADERS)


_HEADERS = {
    "priority": _PRIORITY,
    "start_deadline_seconds": _TIMEOUT,
    "store": _STORE,
    "retention_seconds": _LIFECYCLE,
}


def _read_size(size: Any) -> dict[str, Any]:
    if isinstance(size, dict) and size.keys() == {"width", "height"}:
        return size
    if isinstance(size, str) and size in _SIZES:
        return {"aspect_ratio": _SIZES[size]}
    names = ", ".join(_SIZES)
    raise InvalidRequest(
        [FieldError("image_size", f"must have a width and a height, or be one of {names}", "not_allowed")]
    )


def _read_lora(lora: Any) -> Any:
    """Ours are named by their ids."""
    if isinstance(lora, dict) and "path" in lora and "id" not in lora:
        return {("id" if name == "path" else name): value for name, value in lora.items()}
    return lora


def _read_headers() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if (priority := request.headers.get(_PRIORITY)) is not None:
        fields["priority"] = priority
    if (text := request.headers.get(_TIMEOUT)) is not None:
        fields["start_deadline_seconds"] = _read_seconds(text)
    if request.headers.get(_STORE) == "0":
        fields["store"] = False
    if (text := request.headers.get(_LIFECYCLE)) is not None:
        fields["retention_seconds"] = _read_lifetime(text)
    return fields


def _read_seconds(text: str) -> int:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or seconds <= 0:
        raise InvalidRequest([FieldError(_TIMEOUT, "must be a number of seconds above 0", "out_of_range")])
    return math.ceil(seconds)


def _read_lifetime(text: str) -> int | None:
    try:
        preference = json.loads(text)
    except ValueError:
        preference = None
    if not isinstance(preference, dict) or not preference.keys() <= {"expiration_duration_seconds"}:
        raise InvalidRequest(
            [FieldError(_LIFECYCLE, "must be a JSON object with expiration_duration_seconds alone", "not_allowed")]
        )
    seconds: int | None = preference.get("expiration_duration_seconds")
    return seconds
