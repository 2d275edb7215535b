"""Of a file with several pictures the first one is used, and a warning says so."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from core.pictures.decode_picture import decode_picture
from tests.pictures.cases import draw, encode

ANIMATED = {
    "GIF": lambda frames: encode(draw("P"), "GIF", save_all=True, append_images=frames),
    "PNG": lambda frames: encode(draw("RGB"), "PNG", save_all=True, append_images=frames),
    "WEBP": lambda frames: encode(draw("RGB"), "WEBP", lossless=True, save_all=True, append_images=frames),
    "AVIF": lambda frames: encode(draw("RGB"), "AVIF", save_all=True, append_images=frames),
}


@pytest.mark.parametrize("format_", ANIMATED)
def test_an_animation_gives_its_first_picture(format_: str) -> None:
    """The other frames are not looked at, and the warning says so."""
    still = decode_picture(ANIMATED[format_]([]))
    moving = decode_picture(ANIMATED[format_]([Image.new("RGB", (40, 30), "blue"), Image.new("RGB", (40, 30), "red")]))

    assert still.warnings == ()
    assert moving.warnings == ("is animated; its first picture is used",)
    with Image.open(io.BytesIO(still.png)) as one, Image.open(io.BytesIO(moving.png)) as other:
        difference = np.abs(np.asarray(one.convert("RGB")).astype(int) - np.asarray(other.convert("RGB")))
    assert difference.max() <= 8


def test_the_first_page_of_a_tiff_is_used() -> None:
    """A warning says that there are more."""
    pages = encode(draw("RGB"), "TIFF", save_all=True, append_images=[Image.new("RGB", (9, 9))])

    decoded = decode_picture(pages)

    assert (decoded.width, decoded.height) == (40, 30)
    assert decoded.warnings == ("has more than one page; its first one is used",)
