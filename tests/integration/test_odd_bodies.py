"""Values of any type in any field of a dialect are an error that names something, and never one of ours."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from api.dialects.a1111 import draw_request

ODD: list[Any] = [None, True, 5, "x", [], [1], {}, {"x": {"args": 5}}]

DRAWN = (
    "prompt",
    "seed",
    "steps",
    "model",
    "size",
    "image",
    "mask",
    "metadata",
    "webhook",
    "loras",
    "style",
    "dry_run",
)

#: By address, the fields that its code looks at.
FIELDS = {
    "/openai/v1/images/generations": (
        *DRAWN,
        *("n", "quality", "background", "moderation", "output_format", "output_compression", "response_format"),
        *("stream", "partial_images", "user", "input_fidelity", "of_nobody"),
    ),
    "/openai/v1/images/edits": ("images", "image", "mask", "mask_image", "mask_mode"),
    "/openai/v1/batches": ("input_file_id", "endpoint", "completion_window", "metadata", "of_nobody"),
    "/a1111/sdapi/v1/txt2img": (
        *("prompt", "seed", "steps", "metadata", "negative_prompt"),
        *("styles", "batch_size", "n_iter", "sampler_name", "scheduler", "override_settings", "alwayson_scripts"),
        *("cfg_scale", "clip_skip", *draw_request._OFF),
    ),
    "/a1111/sdapi/v1/img2img": ("init_images", "mask", "mask_blur", "denoising_strength"),
    "/a1111/sdapi/v1/png-info": ("image",),
    "/a1111/internal/progress": ("id_task",),
    "/fal/darkroom/picturebook": (
        *DRAWN,
        *("image_url", "image_urls", "mask_url", "image_size", "sync_mode", "enable_safety_checker", "task"),
    ),
    "/replicate/v1/predictions": (
        *("version", "input", "webhook", "webhook_completed", "webhook_events_filter", "stream", "of_nobody"),
    ),
    "/replicate/v1/models/darkroom/picturebook/predictions": ("input",),
}

#: Of the `input` of a prediction.
INPUT = (*DRAWN, "output_format", "num_outputs", "of_nobody")


@pytest.mark.parametrize("path", FIELDS)
def test_no_value_is_an_error_of_ours(client: FlaskClient, api_key: str, path: str) -> None:
    """In this process nothing can wait, so what could be drawn is 503 with that reason."""
    headers = {"Authorization": f"Bearer {api_key}"}
    usual: dict[str, Any] = {"prompt": "a red mug"}
    if "replicate" in path:
        usual = {"input": usual}
    bodies: list[Any] = [{**usual, field: value} for field in FIELDS[path] for value in ODD]
    if path.endswith("picturebook/predictions"):
        bodies += [{"input": {"prompt": "a red mug", field: value}} for field in INPUT for value in ODD]
    for body in [*bodies, {}, [], "x", None]:
        answer = client.post(path, json=body, headers=headers)
        shown = answer.get_json()
        is_waiting = answer.status_code == 503 and "too_many_streams" in answer.text
        assert answer.status_code < 500 or is_waiting, f"{body}: {shown}"
