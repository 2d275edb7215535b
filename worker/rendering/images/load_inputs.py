"""Load a job's input images in the form that pipelines take."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from functools import partial

from PIL.Image import Image, alpha_composite
from PIL.Image import new as new_image
from PIL.Image import open as open_image
from PIL.ImageOps import invert

from core.artifacts.storage import bucket
from core.catalog import find_drawing_signature
from core.errors import ObjectMissing, StorageUnavailable
from core.jobs.attempts.claimed_attempt import ClaimedAttempt, ClaimedInput
from core.jobs.request.picture_fields import find_field_of
from worker.rendering.errors import RequestRefused
from worker.rendering.images.fit_inputs import InputFit
from worker.rendering.images.outpainting import lay_out_first


def load_inputs(attempt: ClaimedAttempt, *, pipeline_class: str) -> dict[str, Image | Sequence[Image]]:
    """The picture of each image field, or a list of them, in the size that a model with the components of `pipeline_class`
    takes: RGB, or L for the mask. A picture that is outpainted comes on its canvas, with the mask of what is new.

    Raises RequestRefused if another job's output has been deleted or no class draws the task, and StorageUnavailable if the
    store returns other bytes than were stored, or none.
    """
    if not attempt.inputs:
        return {}
    fit = _find_fit(attempt, pipeline_class)
    images: dict[str, Image | Sequence[Image]] = {}
    for place, source in attempt.inputs.items():
        field = find_field_of(place)
        # One after another, so that no more than one is in memory in the size that it was sent in.
        is_read_by_alpha = field == "mask_image" and attempt.request.get("mask_mode") == "alpha"
        decode = _decode_transparency if is_read_by_alpha else partial(_decode, field=field)
        image = fit.fit(decode(_fetch(source, place)), place)
        before = images.get(field, [])
        images[field] = image if place == field or isinstance(before, Image) else [*before, image]
    if attempt.task == "outpaint":
        images |= lay_out_first(images["image"], attempt.request["expand"])
    return images


def _find_fit(attempt: ClaimedAttempt, pipeline_class: str) -> InputFit:
    signature = find_drawing_signature(
        pipeline_class, attempt.task, with_control_image="control_image" in attempt.request
    )
    if signature is None:
        raise RequestRefused(f"The model {attempt.model!r} cannot do {attempt.task} with these pictures.")
    return InputFit(attempt.task, (attempt.request["width"], attempt.request["height"]), signature)


def _fetch(source: ClaimedInput | None, place: str) -> bytes:
    if source is None:
        raise _gone(place)
    try:
        body = bucket().get(source.storage_key)
    except ObjectMissing as error:
        if source.came_with_request:
            raise
        raise _gone(place) from error
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


def _decode_transparency(body: bytes) -> Image:
    """A mask that is white where the picture is transparent. Raises RequestRefused if it is that nowhere."""
    with open_image(io.BytesIO(body)) as image:
        if not image.has_transparency_data:
            raise RequestRefused(
                "mask_mode is alpha, and nothing in the picture is transparent: there is nothing to paint."
            )
        return invert(image.convert("RGBA").getchannel("A"))


def _flatten(image: Image, *, background: str) -> Image:
    """The image as RGB; what is transparent shows the background."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return alpha_composite(new_image("RGBA", layer.size, background), layer).convert("RGB")


def _gone(place: str) -> RequestRefused:
    return RequestRefused(f"The artifact that {place} names is not there any more.")
