"""Calls of `webuiapi`, unmodified."""

from __future__ import annotations

import os
from typing import Any

import webuiapi
from PIL import Image
from serve import serve

BASE = os.environ["DARKROOM_URL"] + "/a1111/sdapi/v1"


def _client() -> Any:
    return webuiapi.WebUIApi(
        baseurl=BASE, sampler="Euler a", steps=2, username="anybody", password=os.environ["DARKROOM_API_KEY"]
    )


def _show(result: Any) -> dict[str, Any]:
    return {
        "sizes": [image.size for image in result.images],
        "texts": [image.info.get("parameters") for image in result.images],
        "info": result.info,
        "parameters": result.parameters,
    }


def text_to_image(call: dict[str, Any]) -> Any:
    try:
        return _show(_client().txt2img(**call))
    except RuntimeError as error:
        return {"status": error.args[0], "text": error.args[1]}


def image_to_image(call: dict[str, Any], masked: bool) -> Any:
    start = Image.new("RGB", (64, 64), (200, 30, 30))
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (0, 0, 32, 64))
    result = _client().img2img(images=[start], mask_image=mask if masked else None, **call)
    return {**_show(result), "right": result.image.convert("RGB").getpixel((60, 32))}


def read_lists() -> Any:
    client = _client()
    return {
        "models": client.util_get_model_names(),
        "samplers": client.util_get_sampler_names(),
        "model": client.util_get_current_model(),
        "schedulers": client.util_get_scheduler_names(),
    }


def read_progress() -> Any:
    return _client().get_progress()


def interrupt() -> Any:
    return _client().interrupt()


def read_own_text(call: dict[str, Any]) -> Any:
    client = _client()
    return client.png_info(client.txt2img(**call).image).info


serve(text_to_image, image_to_image, read_lists, read_progress, interrupt, read_own_text)
