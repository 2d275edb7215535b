"""Decode a picture that a stranger sent, and encode what it shows as a PNG of our own."""

from __future__ import annotations

from dataclasses import dataclass

from core.pictures.channels import drop_unused_alpha, to_eight_bits
from core.pictures.colour import convert_to_srgb
from core.pictures.encode_png import encode_png
from core.pictures.formats.avif import read_avif
from core.pictures.formats.bmp import read_bmp
from core.pictures.formats.gif import read_gif
from core.pictures.formats.jpeg import read_jpeg
from core.pictures.formats.png import read_png
from core.pictures.formats.recognise import recognise
from core.pictures.formats.tiff import read_tiff
from core.pictures.formats.webp import read_webp
from core.pictures.limits import NotAnImage, broken
from core.pictures.orientation import turn_upright

_READERS = {
    "PNG": read_png,
    "JPEG": read_jpeg,
    "WebP": read_webp,
    "AVIF": read_avif,
    "GIF": read_gif,
    "BMP": read_bmp,
    "TIFF": read_tiff,
}


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
    """The first picture in a file. Its size is checked before a pixel is decoded. Raises NotAnImage, and MemoryError if
    the process may not have enough of it.
    """
    kind = recognise(body)
    try:
        return _decode(kind, body)
    except (NotAnImage, MemoryError):
        raise
    except Exception as error:
        # A decoder fails on foreign bytes in more ways than there are exception types; each means the same.
        raise broken(kind) from error


def _decode(kind: str, body: bytes) -> DecodedPicture:
    still = _READERS[kind](body)
    image = to_eight_bits(still.image)
    image, colour_warnings = convert_to_srgb(image, still.profile)
    image = turn_upright(drop_unused_alpha(image), still.orientation)
    return DecodedPicture(encode_png(image), image.width, image.height, (*still.warnings, *colour_warnings))
