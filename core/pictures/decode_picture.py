"""Decode a picture that a stranger sent, and encode what it shows as a PNG of our own."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageOps

from core.pictures.limits import MAX_IMAGE_PIXELS, NotAnImage

#: Pillow's names of the formats that are taken.
_FORMATS = ("PNG", "JPEG", "WEBP")


@dataclass(frozen=True)
class DecodedPicture:
    """What a picture shows: 8 bits a channel, sRGB, upright. Sides in pixels."""

    #: A PNG in mode L, RGB or RGBA, with no other chunks than its pixels need.
    png: bytes
    width: int
    height: int
    #: One sentence for each thing that was ignored, such as a broken colour profile; each is written to follow the field's
    #: name.
    warnings: tuple[str, ...] = ()


def decode_picture(body: bytes) -> DecodedPicture:
    """The picture in a file. Its size is checked before a pixel is decoded. Raises NotAnImage."""
    try:
        with Image.open(io.BytesIO(body), formats=_FORMATS) as opened:
            if opened.width * opened.height > MAX_IMAGE_PIXELS:
                raise NotAnImage(f"has more than {MAX_IMAGE_PIXELS:,} pixels")
            opened.load()
            ImageOps.exif_transpose(opened, in_place=True)
            buffer = io.BytesIO()
            opened.convert("RGBA" if opened.has_transparency_data else "RGB").save(buffer, "PNG", compress_level=1)
            return DecodedPicture(buffer.getvalue(), opened.width, opened.height)
    except NotAnImage:
        raise
    except Exception as error:
        # A decoder fails on foreign bytes in more ways than there are exception types; each means the same.
        raise NotAnImage("is not a PNG, JPEG or WebP image that can be read") from error
