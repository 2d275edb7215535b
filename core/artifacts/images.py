"""Decode images that strangers sent: the formats we take, within limits, upright."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps

from core.pictures.limits import MAX_IMAGE_PIXELS, NotAnImage

#: How many are decoded at once in one process; the others wait, so that memory stays bounded.
_DECODERS = threading.BoundedSemaphore(2)

#: By Pillow's name: media type and extension. MPO is a JPEG with more pictures behind the first one, as phones write it.
_FORMATS = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "MPO": ("image/jpeg", "jpg"),
    "WEBP": ("image/webp", "webp"),
}


@dataclass(frozen=True)
class ReadImage:
    """An image in memory, every pixel read, turned the way its EXIF orientation says."""

    image: Image.Image
    media_type: str
    extension: str


def read_image(body: bytes) -> ReadImage:
    """Decode a PNG, JPEG or WebP file. Its size is checked before a pixel is decoded.

    Raises NotAnImage for other formats, broken or animated files, and more than `MAX_IMAGE_PIXELS`.
    """
    with _DECODERS:
        try:
            return _read(body)
        except NotAnImage:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise NotAnImage(_too_many_pixels()) from error
        except Exception as error:
            # A decoder fails on foreign bytes in more ways than there are exception types; each means the same.
            raise NotAnImage("is not a PNG, JPEG or WebP image that can be read") from error


def flatten(image: Image.Image, *, background: str) -> Image.Image:
    """The image as RGB; what is transparent shows the background."""
    image = _eight_bits(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    canvas = Image.new("RGBA", layer.size, background)
    return Image.alpha_composite(canvas, layer).convert("RGB")


def _read(body: bytes) -> ReadImage:
    with Image.open(io.BytesIO(body), formats=("PNG", "JPEG", "WEBP")) as opened:
        media_type, extension = _FORMATS[opened.format or ""]
        if opened.width * opened.height > MAX_IMAGE_PIXELS:
            raise NotAnImage(_too_many_pixels())
        # Only the first picture of an MPO is the photograph; the others are previews and depth maps.
        if opened.format != "MPO" and _is_animated(opened):
            raise NotAnImage("is animated; send one still picture")
        opened.load()
        ImageOps.exif_transpose(opened, in_place=True)
        return ReadImage(opened, media_type, extension)


def _is_animated(image: Any) -> bool:
    return bool(getattr(image, "is_animated", False))


def _eight_bits(image: Image.Image) -> Image.Image:
    # Pillow's own conversion cuts 16-bit greys off at 255.
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return image


def _too_many_pixels() -> str:
    return f"has more than {MAX_IMAGE_PIXELS:,} pixels"
