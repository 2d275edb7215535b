"""What a request asks for, in the words of `POST /v1/jobs`."""

from __future__ import annotations

import json
import math
from typing import Any

from flask import request

from api.translation.submit import read_object, submit
from core.catalog import get_catalog
from core.errors import FieldError, InvalidRequest
from core.jobs.views.job_view import JobView

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

_TIMEOUT, _LIFECYCLE = "X-Fal-Request-Timeout", "X-Fal-Object-Lifecycle-Preference"

#: What errors call fields of ours that do not stand in the body.
_ELSEWHERE = {
    "model": "path",
    "task": "path",
    "webhook": "fal_webhook",
    "webhook.url": "fal_webhook",
    "priority": "X-Fal-Queue-Priority",
    "start_deadline_seconds": _TIMEOUT,
    "retention_seconds": _LIFECYCLE,
}


def send_request(model_id: str, task: str | None, **options: Any) -> JobView:
    """Queues the job that the current request asks for. Raises what `submit` raises, which has the options, and ModelNotFound."""
    get_catalog().get(model_id)
    fields, sent_as = _read_request(read_object(), model_id=model_id, task=task)
    return submit(fields, sent_as=sent_as, webhook_shape="fal", **options)


def _read_request(body: dict[str, Any], *, model_id: str, task: str | None) -> tuple[dict[str, Any], dict[str, str]]:
    fields = {name: value for name, value in body.items() if value is not None}
    sent_as: dict[str, str] = {}
    errors = [
        FieldError(name, message, "not_allowed")
        for name, (value, message) in _AS_IT_IS.items()
        if fields.pop(name, value) is not value
    ]
    for name in PICTURES.keys() & fields.keys():
        ours = PICTURES[name]
        if ours in fields:
            errors.append(FieldError(name, f"cannot be given with {sent_as.get(ours, ours)}", "conflict"))
        fields[ours] = fields.pop(name)
        sent_as[ours] = name
    if errors:
        raise InvalidRequest(errors)
    if "image_size" in fields:
        fields |= _read_size(fields.pop("image_size"))
        sent_as |= dict.fromkeys(("width", "height", "aspect_ratio"), "image_size")
    url = request.args.get("fal_webhook")
    beside = {"model": model_id, "task": task, "webhook": None if url is None else {"url": url}, **_read_headers()}
    if twice := fields.keys() & beside.keys():
        raise InvalidRequest([FieldError(name, "stands in the address, or in a header", "conflict") for name in twice])
    return fields | beside, _ELSEWHERE | sent_as | {name: name for name in _ELSEWHERE.keys() & fields.keys()}


def _read_size(size: Any) -> dict[str, Any]:
    if isinstance(size, dict) and size.keys() == {"width", "height"}:
        return size
    if isinstance(size, str) and size in _SIZES:
        return {"aspect_ratio": _SIZES[size]}
    message = f"must have a width and a height, or be one of {', '.join(_SIZES)}"
    raise InvalidRequest([FieldError("image_size", message, "not_allowed")])


def _read_headers() -> dict[str, Any]:
    found = {
        "priority": request.headers.get("X-Fal-Queue-Priority"),
        "start_deadline_seconds": _read_seconds(request.headers.get(_TIMEOUT)),
        "retention_seconds": _read_lifetime(request.headers.get(_LIFECYCLE)),
        "store": False if request.headers.get("X-Fal-Store-IO") == "0" else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _read_seconds(text: str | None) -> int | None:
    try:
        seconds = None if text is None else float(text)
    except ValueError:
        seconds = math.nan
    if seconds is not None and not 0 < seconds < math.inf:
        raise InvalidRequest([FieldError(_TIMEOUT, "must be a number of seconds above 0", "out_of_range")])
    return None if seconds is None else math.ceil(seconds)


def _read_lifetime(text: str | None) -> Any:
    try:
        preference = json.loads(text or "{}")
    except ValueError:
        preference = None
    if not isinstance(preference, dict) or not preference.keys() <= {"expiration_duration_seconds"}:
        message = "must be a JSON object with expiration_duration_seconds alone"
        raise InvalidRequest([FieldError(_LIFECYCLE, message, "not_allowed")])
    return preference.get("expiration_duration_seconds")
