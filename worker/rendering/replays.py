"""What a replay says of itself: what of the environment differs, before it is drawn, and whether its images are equal, in the end.

Neither keeps a job from being drawn or recorded: what cannot be found out is said so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from core.artifacts.storage import bucket
from core.database import transaction
from core.errors import ObjectMissing
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.attempts.record_differences import record_differences
from core.jobs.origins.environment import list_differences
from core.live_events.sender import get_event_sender
from core.logs import describe_error
from worker.rendering.images.compare import Pixels, measure_psnr
from worker.rendering.images.encode import EncodedImage

#: Why there is nothing to compare with.
_GONE = "the images of the other job are not kept any more"
_NOT_COMPARED = "the images could not be compared"

_log = structlog.get_logger()


def report_differences(attempt: ClaimedAttempt, describe: Callable[[], Mapping[str, Any]]) -> None:
    """Of a replay: writes into its row what of this worker differs from the receipt, before it is drawn. `describe` returns what
    `describe_place` does, and is called for replays alone.
    """
    origin = _find_replay(attempt)
    if origin is None:
        return
    try:
        place = describe()
        with transaction() as session:
            record_differences(
                session,
                job_id=attempt.job_id,
                attempt_id=attempt.id,
                differences=list_differences(origin["then"], place),
            )
        get_event_sender().announce(attempt.account_id, attempt.job_id)
    except Exception as error:  # noqa: BLE001  (the job is drawn all the same, and its receipt will say it)
        _log.warning("differences_not_reported", error=describe_error(error))


def describe_replay(
    attempt: ClaimedAttempt, receipt: Mapping[str, Any], images: Mapping[int, EncodedImage]
) -> dict[str, Any]:
    """The part `replay` of a replay's receipt: `{"replay": {"of", "differences", "checked_by", "comparison"}}`; empty for other jobs.
    `images` are its own, by their positions.
    """
    origin = _find_replay(attempt)
    if origin is None:
        return {}
    try:
        comparison = _compare_images(origin, images)
    except Exception as error:  # noqa: BLE001  (whatever it is, the images are the customer's)
        _log.warning("replay_not_compared", error=describe_error(error))
        comparison = {"equal": None, "images": [], "problem": _NOT_COMPARED}
    return {
        "replay": {
            "of": origin["job"],
            "differences": list_differences(origin["then"], receipt),
            "checked_by": "worker",
            "comparison": comparison,
        }
    }


def _find_replay(attempt: ClaimedAttempt) -> dict[str, Any] | None:
    origin = attempt.origin
    return origin if origin is not None and origin["how"] == "replay" else None


def _compare_images(origin: Mapping[str, Any], images: Mapping[int, EncodedImage]) -> dict[str, Any]:
    others = {other["position"]: other for other in origin["images"]}
    compared = [_compare(position, image, others.get(position)) for position, image in sorted(images.items())]
    equal = [one["equal"] for one in compared]
    # An image that one of them has and the other has not, since a content filter withheld it, is a difference.
    same_images = others.keys() == images.keys()
    return {
        "equal": False if False in equal or not same_images else None if None in equal else True,
        "images": compared,
        "problem": _GONE if None in equal else None,
    }


def _compare(position: int, image: EncodedImage, other: Mapping[str, Any] | None) -> dict[str, Any]:
    pixels = Pixels.decode(image.body)
    found = {"position": position, "pixels_sha256": pixels.sha256, "pixels_sha256_then": None, "psnr_db": None}
    if other is None:
        return found | {"equal": False}
    if other["sha256"] == image.sha256:
        # The same file, to the byte.
        return found | {"equal": True, "pixels_sha256_then": pixels.sha256}
    then = _fetch(other)
    if then is None:
        return found | {"equal": None}
    return found | {
        "equal": then.sha256 == pixels.sha256,
        "pixels_sha256_then": then.sha256,
        "psnr_db": measure_psnr(pixels, then),
    }


def _fetch(other: Mapping[str, Any]) -> Pixels | None:
    try:
        body = bucket().get(other["storage_key"])
    except ObjectMissing:
        return None
    return Pixels.decode(body) if hashlib.sha256(body).hexdigest() == other["sha256"] else None
