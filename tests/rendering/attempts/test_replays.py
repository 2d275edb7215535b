"""What a replay finds when it holds its images against those of the other job, in a real store."""

from __future__ import annotations

import hashlib
import io
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from PIL import Image

from core.artifacts.storage import bucket
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from infra.local import LocalStack
from worker.rendering.images.encode import EncodedImage, encode_image
from worker.rendering.replays import describe_replay

_NOISE = np.random.default_rng(0).integers(16, 240, (32, 48, 3), dtype=np.uint8)


def _encode(pixels: np.ndarray[Any, np.dtype[np.uint8]], output_format: str = "png") -> EncodedImage:
    return encode_image(Image.fromarray(pixels), output_format)


def _store(position: int, image: EncodedImage) -> dict[str, Any]:
    key = f"artifacts/test-replays/{uuid4().hex}.{image.extension}"
    bucket().put(key, image.body, media_type=image.media_type, sha256=image.sha256)
    return {"position": position, "storage_key": key, "sha256": image.sha256}


def _replay(others: list[dict[str, Any]], images: dict[int, EncodedImage]) -> dict[str, Any]:
    origin = {"job": f"job_{'0' * 32}", "how": "replay", "images": others, "then": {"dtype": "float32"}}
    attempt = ClaimedAttempt(
        id=UUID(int=1),
        job_id=UUID(int=2),
        account_id=UUID(int=3),
        attempt_number=1,
        model="picturebook",
        model_revision="1",
        task="text-to-image",
        request={},
        steps=1,
        resume_step=0,
        cost=1.0,
        seed=7,
        request_id="req_test",
        started_at=None,  # type: ignore[arg-type]  # nobody asks
        waited_seconds=0,
        origin=origin,
    )
    described: dict[str, Any] = describe_replay(attempt, {"dtype": "bfloat16"}, images)["replay"]
    assert described["differences"] == [{"what": "dtype", "then": "float32", "now": "bfloat16"}]
    return described["comparison"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])
def test_equal_pixels_are_equal(servers: LocalStack, output_format: str) -> None:
    """Whatever the file is like: of a PNG that was written otherwise the pixels count."""
    image = _encode(_NOISE, output_format)

    comparison = _replay([_store(0, image)], {0: image})

    assert comparison["equal"] is True
    [found] = comparison["images"]
    assert (found["equal"], found["psnr_db"]) == (True, None)
    assert found["pixels_sha256"] == found["pixels_sha256_then"]


def test_the_pixels_count_and_not_the_file(servers: LocalStack) -> None:
    """Another file of the same pixels is equal, and its digest is that of the pixels alone."""
    image = _encode(_NOISE)
    otherwise = EncodedImage(**{**vars(image), "body": _rewrite(_NOISE)})
    otherwise = EncodedImage(**{**vars(otherwise), "sha256": hashlib.sha256(otherwise.body).hexdigest()})
    assert otherwise.body != image.body

    comparison = _replay([_store(0, otherwise)], {0: image})

    assert comparison["equal"] is True
    assert comparison["images"][0]["pixels_sha256"] == hashlib.sha256(_NOISE.tobytes()).hexdigest()


def test_a_difference_is_measured(servers: LocalStack) -> None:
    """In dB for each image: one level of 255 in every value is 48.13 dB."""
    same, changed = _encode(_NOISE), _encode(_NOISE + 1)

    comparison = _replay([_store(0, same), _store(1, same)], {0: same, 1: changed})

    assert comparison["equal"] is False
    assert [(one["equal"], one["psnr_db"]) for one in comparison["images"]] == [(True, None), (False, 48.13)]
    assert comparison["problem"] is None


def test_images_that_are_gone_are_said_so(servers: LocalStack) -> None:
    """If the file is another one, nobody knows; if it is the same by its digest, the pixels are."""
    image = _encode(_NOISE)
    gone = {"position": 0, "storage_key": "artifacts/test-replays/none.png", "sha256": "0" * 64}

    unknown = _replay([gone], {0: image})
    assert (unknown["equal"], unknown["images"][0]["equal"]) == (None, None)
    assert "not kept" in unknown["problem"]
    assert _replay([gone | {"sha256": image.sha256}], {0: image})["equal"] is True


def test_an_image_more_or_less_is_a_difference(servers: LocalStack) -> None:
    """As when a content filter withheld it once."""
    image = _encode(_NOISE)

    assert _replay([_store(0, image)], {0: image, 1: image})["equal"] is False
    assert _replay([_store(0, image), _store(1, image)], {0: image})["equal"] is False


def test_a_comparison_that_fails_ends_no_job(servers: LocalStack) -> None:
    """It says so in the place of a result."""
    image = _encode(_NOISE)
    other = _store(0, image) | {"sha256": hashlib.sha256(b"nothing").hexdigest()}
    bucket().put(other["storage_key"], b"nothing", media_type="image/png", sha256=other["sha256"])

    comparison = _replay([other], {0: image})

    assert comparison == {"equal": None, "images": [], "problem": "the images could not be compared"}


def _rewrite(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()
