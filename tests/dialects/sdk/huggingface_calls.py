"""Calls of `huggingface_hub`, unmodified."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Any

from huggingface_hub import InferenceClient, InferenceTimeoutError
from huggingface_hub.errors import HfHubHTTPError
from serve import serve

BASE = os.environ["DARKROOM_URL"] + "/huggingface/models/"


def _client(model: str = "picturebook", **options: Any) -> InferenceClient:
    return InferenceClient(**{"model": BASE + model, "api_key": os.environ["DARKROOM_API_KEY"], **options})


def _show(image: Any) -> dict[str, Any]:
    return {"size": image.size, "format": image.format, "pixels": hashlib.sha256(image.tobytes()).hexdigest()}


def _describe(error: Exception) -> dict[str, Any]:
    response = getattr(error, "response", None)
    shown = {"error": type(error).__name__, "message": str(error)}
    return shown if response is None else {**shown, "status": response.status_code, "text": response.text}


def text_to_image(
    prompt: str, call: dict[str, Any], model: str = "picturebook", options: dict[str, Any] | None = None
) -> Any:
    try:
        return _show(_client(model, **(options or {})).text_to_image(prompt, **call))
    except (HfHubHTTPError, InferenceTimeoutError) as error:
        return _describe(error)


def image_to_image(picture: str, call: dict[str, Any]) -> Any:
    try:
        return _show(_client().image_to_image(base64.b64decode(picture), **call))
    except HfHubHTTPError as error:
        return _describe(error)


def check_health(model: str) -> Any:
    return _client(provider="hf-inference").health_check(model=BASE + model)


serve(text_to_image, image_to_image, check_health)
