"""A picture is sent once, and jobs of every kind start from it; nothing of whoever took it is handed on."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.acceptance.customer import Customer
from tests.unit.pictures import encode

#: In a JPEG of a camera, and in none of ours.
SECRET = b"a secret place"


def take_photograph() -> bytes:
    """A JPEG with a description, a place, a comment and a profile's name in it."""
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    gradient = np.linspace(0, 255, 128 * 128 * 3, dtype=np.uint8).reshape(128, 128, 3)
    return encode(Image.fromarray(gradient), "JPEG", exif=exif, comment=SECRET)


def take_cut_out() -> bytes:
    """A PNG with EXIF and a text, of which a part is transparent."""
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    image = Image.new("RGBA", (128, 128), (200, 30, 30, 255))
    image.paste((0, 0, 0, 0), (64, 0, 128, 128))
    return encode(image, "PNG", exif=exif)


@pytest.mark.parametrize(
    ("take", "asked"),
    [
        (take_photograph, {"strength": 0.5}),
        (take_photograph, {"strength": 0.5, "output_format": "jpeg"}),
        (take_photograph, {"strength": 0.5, "output_format": "webp"}),
        (take_photograph, {"pad": {"right": 32}}),
        (take_cut_out, {"mask_mode": "alpha"}),
    ],
    ids=["png", "jpeg", "webp", "a larger canvas", "what is transparent"],
)
def test_nothing_of_strangers_is_handed_on(customer: Customer, take: Any, asked: dict[str, Any]) -> None:
    """The outputs of tasks that start from a picture, and the file itself, have no EXIF, no place and no comment."""
    body = take()
    assert SECRET in body
    file = customer.http.post("/v1/files", files={"file": ("me.jpg", body)}).raise_for_status().json()

    job = customer.wait_until_finished(
        customer.submit("a mug", image=file["id"], seed=1, num_inference_steps=4, **asked)
    )

    assert job["status"] == "succeeded", job
    for shown in (*job["inputs"], *job["outputs"], file):
        handed_out = customer.download(shown)
        assert SECRET not in handed_out
        with Image.open(io.BytesIO(handed_out)) as image:
            assert dict(image.getexif()) == {}
            assert not image.info.keys() & {"exif", "comment", "icc_profile", "xmp"}


def test_what_is_transparent_is_painted_and_the_rest_is_kept(customer: Customer) -> None:
    """To the pixel, but for the seam."""
    file = customer.http.post("/v1/files", files={"file": ("cut.png", take_cut_out())}).raise_for_status().json()

    job = customer.wait_until_finished(
        customer.submit("a green field", image=file["id"], mask_mode="alpha", mask_feather=0, seed=1)
    )

    with Image.open(io.BytesIO(customer.download(job["outputs"][0]))) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert np.array_equal(pixels[:, :64], np.full((128, 64, 3), (200, 30, 30)))
    assert np.any(pixels[:, 64:] != 255)
