"""Calls of the client `openai`, unmodified."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Any

import openai
from serve import describe, serve

BASE = os.environ["DARKROOM_URL"] + "/openai/v1"


def _client(**options: Any) -> openai.OpenAI:
    return openai.OpenAI(**{"base_url": BASE, "api_key": os.environ["DARKROOM_API_KEY"], **options})


def _show(answer: Any) -> dict[str, Any]:
    shown = answer.model_dump()
    for image in shown["data"]:
        if image.get("b64_json"):
            body = base64.b64decode(image.pop("b64_json"))
            image |= {"sha256": hashlib.sha256(body).hexdigest(), "begins": body[:8].hex(), "bytes": len(body)}
    return {**shown, "request_id": answer._request_id}


def generate(call: dict[str, Any], options: dict[str, Any] | None = None, times: int = 1) -> Any:
    client = _client(**(options or {}))
    try:
        shown = [_show(client.images.generate(**call)) for _ in range(times)]
    except openai.OpenAIError as error:
        return describe(error)
    return shown if times > 1 else shown[0]


def stream(call: dict[str, Any]) -> Any:
    events: list[dict[str, Any]] = []
    try:
        for event in _client().images.generate(**call, stream=True):
            shown = event.model_dump()
            body = base64.b64decode(shown.pop("b64_json"))
            events.append({**shown, "sha256": hashlib.sha256(body).hexdigest(), "begins": body[:12].hex()})
    except openai.OpenAIError as error:
        events.append(describe(error))
    return events


serve(generate, stream)
