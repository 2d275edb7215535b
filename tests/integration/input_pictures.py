"""What became of the pictures of a request."""

from __future__ import annotations

from typing import Any

from PIL import Image

from core.artifacts.storage import bucket
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from worker.rendering.images.load_inputs import load_inputs


def load_pictures(attempt: ClaimedAttempt, *, pipeline_class: str = "StableDiffusionPipeline") -> dict[str, Any]:
    """What a worker with a model of the class is given, Picturebook's if none is named."""
    return dict(load_inputs(attempt, pipeline_class=pipeline_class))


def stored_for(job: dict[str, Any]) -> list[str]:
    return [key for key, _ in bucket().list_objects(f"inputs/{job['id']}/")]


def count_stored() -> int:
    return sum(1 for _ in bucket().list_objects("inputs/"))


def errors_of(response: Any) -> dict[str, str]:
    assert response.status_code == 422, response.text
    return {error["field"]: error["message"] for error in response.get_json(force=True)["errors"]}


def pixel(image: Image.Image, x: int, y: int) -> Any:
    return image.getpixel((x, y))
