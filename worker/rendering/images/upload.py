"""Upload an attempt's images to the bucket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from core.artifacts.keys import build_storage_key
from core.artifacts.storage import put_object
from core.fault_points import fault_point
from core.jobs.attempts.claim import ClaimedAttempt
from core.jobs.outcomes.rendered import StoredImage
from worker.rendering.images.encode import EncodedImage


def upload_images(
    images: list[EncodedImage], attempt: ClaimedAttempt, uploads: ThreadPoolExecutor
) -> list[StoredImage]:
    """Store all images of the attempt, several at a time, under keys of its own.

    Raises StorageUnavailable if the store does not accept one of them.
    """
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
            seed=seed,
        )
        for position, (image, seed) in enumerate(zip(images, attempt.image_seeds, strict=True))
    ]
    puts = [
        uploads.submit(put_object, item.storage_key, image.body, media_type=item.media_type, sha256=item.sha256)
        for item, image in zip(stored, images, strict=True)
    ]
    for put in puts:
        put.result()
        fault_point("mid_upload")
    return stored
