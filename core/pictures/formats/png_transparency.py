"""The colour key of a PNG: the one colour whose pixels are transparent."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from PIL import Image, ImageChops


def hide_key(image: Image.Image, low: Image.Image | None, keys: tuple[int, ...], *, depth: int) -> Image.Image:
    """The picture with an alpha channel, 0 where a pixel has the key's colour (PNG specification, 11.3.1.1).

    `keys` has one value of `depth` bits for each channel. For 16 bits `image` holds the first bytes and `low` the second ones;
    below 8 bits `image` is scaled to 8, as Pillow decodes it.
    """
    image = image.convert("L") if image.mode == "1" else image
    image.putalpha(ImageChops.invert(reduce(ImageChops.darker, _list_matches(image, low, keys, depth))))
    return image


def _list_matches(
    image: Image.Image, low: Image.Image | None, keys: tuple[int, ...], depth: int
) -> Iterator[Image.Image]:
    for band, key in enumerate(keys):
        if low is not None:
            yield _where(image, band, key >> 8)
            yield _where(low, band, key & 0xFF)
        else:
            # The other bits of the chunk's two bytes do not count.
            largest = (1 << depth) - 1
            yield _where(image, band, (key & largest) * (255 // largest))


def _where(image: Image.Image, band: int, value: int) -> Image.Image:
    """255 where the channel has the value, else 0."""
    table = [0] * 256
    table[value] = 255
    return image.getchannel(band).point(table)
