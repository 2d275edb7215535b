"""Upload an attempt's images to the bucket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from core.artifacts.keys import build_storage_key
from core.artifacts.outputs import StoredImage
from core.artifacts.storage import bucket
from core.fault_points import fault_point
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from worker.rendering.images.encode import EncodedImage


def upload_images(
    images: Mapping[int, EncodedImage],
    attempt: ClaimedAttempt,
    uploads: ThreadPoolExecutor,
    *,
    on_stored: Callable[[StoredImage], None],
) -> list[StoredImage]:
    """Store all images of the attempt, given by their positions, several at a time, under keys of its own. `on_stored` is called with
    each as it is stored, in their order.

    Raises StorageUnavailable if the store does not accept one of them.
    """
    seeds = attempt.image_seeds
    stored = [
        StoredImage(
            position=position,
            storage_key=build_storage_key(
                job_id=attempt.job_id,
                attempt_number=attempt.attempt_number,
                position=position,
                extension=image.extension,
            ),
            media_type=image.media_type,
            byte_size=len(image.body),
            sha256=image.sha256,
            width=image.width,
            height=image.height,
            seed=seeds[position],
        )
        for position, image in images.items()
    ]
    puts = [
        uploads.submit(bucket().put, item.storage_key, image.body, media_type=item.media_type, sha256=item.sha256)
        for item, image in zip(stored, images.values(), strict=True)
    ]
    for put, item in zip(puts, stored, strict=True):
        put.result()
        on_stored(item)
        fault_point("mid_upload")
    return stored
