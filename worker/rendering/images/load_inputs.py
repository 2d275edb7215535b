"""Load a job's input images in the form that pipelines take."""

from __future__ import annotations

import hashlib
import io

from PIL.Image import Image, Resampling, alpha_composite
from PIL.Image import new as new_image
from PIL.Image import open as open_image

from core.artifacts.storage import bucket
from core.errors import ObjectMissing, StorageUnavailable
from core.jobs.attempts.claimed_attempt import ClaimedAttempt, ClaimedInput
from worker.rendering.errors import RequestRefused


def load_inputs(attempt: ClaimedAttempt) -> dict[str, Image]:
    """The image of each image field, resized to the size that the job draws: RGB, or L for the mask.

    Raises RequestRefused if another job's output has been deleted, and StorageUnavailable if the store returns other
    bytes than were stored, or none.
    """
    size = (attempt.request["width"], attempt.request["height"])
    return {
        field: _decode(_fetch(source, field), field).resize(size, Resampling.LANCZOS)
        for field, source in attempt.inputs.items()
    }


def _fetch(source: ClaimedInput | None, field: str) -> bytes:
    if source is None:
        raise _gone(field)
    try:
        body = bucket().get(source.storage_key)
    except ObjectMissing as error:
        if source.came_with_request:
            raise
        raise _gone(field) from error
    if hashlib.sha256(body).hexdigest() != source.sha256:
        raise StorageUnavailable(f"The object store gave other bytes than were put under {source.storage_key}")
    return body


def _decode(body: bytes, field: str) -> Image:
    # One of ours, to the byte: the API encoded it from a stranger's picture, or a worker from what it drew.
    with open_image(io.BytesIO(body)) as image:
        if field == "mask_image":
            # What is transparent is not masked.
            return _flatten(image, background="black").convert("L")
        return _flatten(image, background="white")


def _flatten(image: Image, *, background: str) -> Image:
    """The image as RGB; what is transparent shows the background."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return alpha_composite(new_image("RGBA", layer.size, background), layer).convert("RGB")


def _gone(field: str) -> RequestRefused:
    return RequestRefused(f"The artifact that {field} names is not there any more.")
