"""What of a mask is painted: white, or what is transparent; and the two names of a continuation."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from infra.local import LocalStack
from tests.integration.attempts import claim_one
from tests.integration.conftest import Post
from tests.integration.input_pictures import errors_of, load_pictures, pixel, stored_for
from tests.unit.pictures import data_uri, encode, picture, png_uri
from worker.rendering.errors import RequestRefused


def erased(width: int = 64, height: int = 48) -> str:
    """A red picture whose right half is transparent."""
    image = picture(width, height, mode="RGBA", colour=(255, 0, 0, 255))
    image.paste((0, 0, 255, 0), (width // 2, 0, width, height))
    return data_uri(encode(image))


def sides(image: Image.Image) -> tuple[Any, Any]:
    return pixel(image, 5, 20), pixel(image, 58, 20)


def test_what_is_transparent_in_a_mask_is_painted(servers: LocalStack, post: Post) -> None:
    """With `alpha`, as other services read masks; colours do not matter."""
    job = post({"prompt": "a mug", "image": png_uri(), "mask_image": erased(), "mask_mode": "alpha"}).get_json()

    images = load_pictures(claim_one())

    assert (job["task"], job["request"]["mask_mode"]) == ("inpainting", "alpha")
    assert (images["mask_image"].mode, sides(images["mask_image"])) == ("L", (0, 255))
    assert sides(images["image"]) == ((255, 0, 0), (255, 0, 0))


def test_without_alpha_what_is_transparent_is_kept(servers: LocalStack, post: Post) -> None:
    """`white` is what is left out: a transparent part of the mask is not painted, whatever its colour."""
    mask = picture(mode="RGBA", colour=(255, 255, 255, 0))
    mask.paste((255, 255, 255, 255), (0, 0, 32, 48))
    for mode in ({}, {"mask_mode": "white"}):
        post({"prompt": "a mug", "image": png_uri(), "mask_image": data_uri(encode(mask)), **mode})
        assert sides(load_pictures(claim_one())["mask_image"]) == (255, 0)


def test_an_erased_picture_is_its_own_mask(servers: LocalStack, post: Post) -> None:
    """One picture, decoded and stored once, is both: what is transparent is painted, and the rest is kept."""
    job = post({"prompt": "a mug", "image": erased(), "mask_mode": "alpha"}).get_json()

    images = load_pictures(claim_one())

    assert (job["task"], len(stored_for(job))) == ("inpainting", 1)
    assert len({shown["id"] for shown in job["inputs"]}) == 1
    assert sides(images["mask_image"]) == (0, 255)
    assert pixel(images["image"], 5, 20) == (255, 0, 0)


def test_a_mask_without_transparency_paints_nothing(servers: LocalStack, post: Post) -> None:
    """The job fails, and says what was looked for."""
    post({"prompt": "a mug", "image": png_uri(), "mask_mode": "alpha"})

    with pytest.raises(RequestRefused, match="nothing in the picture is transparent"):
        load_pictures(claim_one())


def test_a_mode_needs_a_mask(servers: LocalStack, post: Post) -> None:
    """Refused for other tasks, and for other words."""
    assert errors_of(post({"prompt": "a", "mask_mode": "alpha"})) == {
        "mask_mode": "needs `mask_image`, the mask that it reads"
    }
    assert errors_of(post({"prompt": "a", "image": png_uri(), "expand": {"left": 8}, "mask_mode": "alpha"})).keys() == {
        "mask_mode"
    }
    assert errors_of(
        post({"prompt": "a", "image": png_uri(), "mask_image": erased(), "mask_mode": "black"})
    ).keys() == {"mask_mode"}


def test_pad_is_expand(servers: LocalStack, post: Post) -> None:
    """The other name of a continuation, which is shown as `expand`; the mask is made of it."""
    job = post({"prompt": "a mug", "image": png_uri(64, 48), "pad": {"left": 16, "bottom": 16}}).get_json()

    images = load_pictures(claim_one())

    assert (job["task"], job["request"]["expand"]["left"]) == ("outpaint", 16)
    assert images["image"].size == images["mask_image"].size == (80, 64)
    assert (pixel(images["mask_image"], 4, 4), pixel(images["mask_image"], 30, 30)) == (255, 0)
