"""Jobs that start from a picture: sent along as a data URI, or an earlier job's by its id."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import NullPool, create_engine, select

from core.ids import parse_id
from core.jobs.tables import Job
from infra.local import LocalStack
from tests.acceptance.customer import Customer
from tests.unit.pictures import data_uri, encode

PROMPT = "a large red mug on a yellow background"
SIDE = 256

Pixels = NDArray[np.float64]


@pytest.fixture
def drawn(customer: Customer) -> dict[str, Any]:
    """A finished job of Picturebook that drew a mug from its prompt alone."""
    job = customer.wait_until_finished(customer.submit(PROMPT, seed=3))
    assert job["status"] == "succeeded", job
    return job


def test_a_picture_that_comes_along_is_changed_as_far_as_asked(customer: Customer, drawn: dict[str, Any]) -> None:
    """Image-to-image keeps near its picture at a small strength, and at a large one does what its prompt says."""
    picture = customer.download(drawn["outputs"][0])
    prompt, image = "a large blue mug on a green background", data_uri(picture)

    jobs = [customer.submit(prompt, image=image, strength=strength, seed=5) for strength in (0.1, 1.0)]
    little, much = customer.wait_until_all_finished(jobs)

    for job in (little, much):
        assert job["status"] == "succeeded", job
        assert (job["task"], job["warnings"]) == ("image-to-image", [])
        [shown] = job["inputs"]
        assert (shown["field"], shown["width"], shown["height"]) == ("image", SIDE, SIDE)
        assert pixels(customer.download(shown)).tobytes() == pixels(picture).tobytes()
    before = pixels(picture)
    assert mean_difference(result(customer, little), before) < 20
    assert mean_difference(result(customer, much), before) > 50
    # A tenth of twelve steps is one.
    assert little["progress"]["fraction"] == much["progress"]["fraction"] == 1.0


def test_an_earlier_jobs_output_is_taken_by_its_id(customer: Customer, drawn: dict[str, Any]) -> None:
    """The picture need not be sent again: by the id of the artifact the result is that of its bytes."""
    [output] = drawn["outputs"]
    sources = (output["id"], data_uri(customer.download(output)))

    by_id, by_bytes = (
        customer.wait_until_finished(customer.submit(PROMPT, image=image, strength=0.3, seed=5, deterministic=True))
        for image in sources
    )

    assert (by_id["status"], by_id["task"], by_id["warnings"]) == ("succeeded", "image-to-image", [])
    assert by_id["request"]["image"] == output["id"]
    # Equal to the bit, because they are deterministic: other forwards have as many threads as are fastest, measured anew now and
    # then, and the last bits depend on their number.
    assert by_id["outputs"][0]["sha256"] == by_bytes["outputs"][0]["sha256"]
    assert by_id["outputs"][0]["sha256"] != output["sha256"]
    assert mean_difference(result(customer, by_id), pixels(customer.download(output))) < 20


def test_inpainting_leaves_what_is_not_masked(stack: LocalStack, customer: Customer, drawn: dict[str, Any]) -> None:
    """Inside the mask the picture is drawn anew, twice in two ways; outside of it every pixel stays."""
    picture = customer.download(drawn["outputs"][0])
    mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
    mask[SIDE // 4 : 3 * SIDE // 4, SIDE // 4 : 3 * SIDE // 4] = 255
    sent = data_uri(encode(Image.fromarray(mask)))

    job = customer.wait_until_finished(
        customer.submit(
            "a large blue mug on a yellow background",
            image=data_uri(picture),
            mask_image=sent,
            strength=1.0,
            seed=5,
            num_images=2,
        )
    )

    assert job["status"] == "succeeded", job
    assert (job["task"], job["warnings"]) == ("inpainting", [])
    assert [shown["field"] for shown in job["inputs"]] == ["image", "mask_image"]
    assert [output["seed"] for output in job["outputs"]] == [5, 6]
    receipt = read_receipt(stack, job)
    assert receipt["request"] == job["request"]
    assert receipt["outputs"] == [{"seed": output["seed"], "sha256": output["sha256"]} for output in job["outputs"]]
    # Twelve steps of two images, each with and without the prompt.
    assert (receipt["batching"]["forwards"], receipt["batching"]["rows_max"]) == (12, 4)
    before = pixels(picture)
    images = [pixels(customer.download(output)) for output in job["outputs"]]
    for image in images:
        assert image.shape == before.shape == (SIDE, SIDE, 3)
        assert (image[mask == 0] == before[mask == 0]).all()
        assert np.abs(image - before)[mask > 0].mean() > 25
    assert mean_difference(*images) > 0.5


def test_a_part_is_inpainted_in_several_images(customer: Customer, drawn: dict[str, Any]) -> None:
    """With padding_mask_crop, a seam of no width and the mask of another size than the picture."""
    picture = customer.download(drawn["outputs"][0])
    mask = Image.new("L", (2 * SIDE, 2 * SIDE))
    mask.paste("white", (SIDE // 2, SIDE // 2, SIDE, SIDE))

    job = customer.wait_until_finished(
        customer.submit(
            "a large blue mug on a yellow background",
            image=data_uri(picture),
            mask_image=data_uri(encode(mask)),
            padding_mask_crop=16,
            mask_feather=0,
            num_images=3,
        )
    )

    assert job["status"] == "succeeded", job
    assert job["warnings"] == []
    before = pixels(picture)
    painted = np.zeros((SIDE, SIDE), dtype=bool)
    painted[SIDE // 4 : SIDE // 2, SIDE // 4 : SIDE // 2] = True
    for output in job["outputs"]:
        image = pixels(customer.download(output))
        assert (image[~painted] == before[~painted]).all()
        assert np.abs(image - before)[painted].mean() > 1


@pytest.mark.parametrize("changes", [{}, {"padding_mask_crop": 16, "num_images": 2}])
def test_a_black_mask_is_refused(customer: Customer, drawn: dict[str, Any], changes: dict[str, Any]) -> None:
    """The job fails at its first attempt, and the message names the field."""
    [output] = drawn["outputs"]
    black = data_uri(encode(Image.new("L", (SIDE, SIDE))))

    job = customer.wait_until_finished(customer.submit(PROMPT, image=output["id"], mask_image=black, **changes))

    assert (job["status"], job["attempts"], job["outputs"]) == ("failed", 1, [])
    assert job["failure"]["code"] == "invalid_request"
    assert job["failure"]["message"].startswith("mask_image leaves nothing to paint")


def read_receipt(stack: LocalStack, job: dict[str, Any]) -> dict[str, Any]:
    engine = create_engine(stack.environment["DATABASE_URL"], poolclass=NullPool)
    with engine.connect() as connection:
        receipt = connection.scalar(select(Job.receipt).where(Job.id == parse_id("job", job["id"])))
    assert receipt is not None
    return dict(receipt)


def pixels(body: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB"), dtype=np.float64)


def result(customer: Customer, job: dict[str, Any]) -> Pixels:
    [output] = job["outputs"]
    image = pixels(customer.download(output))
    assert image.shape == (output["height"], output["width"], 3) == (SIDE, SIDE, 3)
    return image


def mean_difference(one: Pixels, other: Pixels) -> float:
    """Levels of 256."""
    return float(np.abs(one - other).mean())
