"""Small files that would cost much: refused by what their structure says, before a pixel is decoded."""

from __future__ import annotations

import struct
import zlib

import pytest
from PIL import Image

from core.pictures.decode_picture import decode_picture
from core.pictures.limits import NotAnImage
from tests.pictures.cases import encode
from tests.pictures.hostile_files import (
    AVIF,
    BMP,
    GIF,
    JPEG,
    PNG,
    SOF,
    WEBP,
    gif_of_size,
    png_of_size,
    scan_bomb,
    tiff_of_size,
    webp_of_size,
    with_bytes,
)
from tests.pictures.png_files import SIGNATURE, build_chunk

TOO_MANY = "^has more than 33,554,432 pixels$"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (png_of_size(8192, 4097), TOO_MANY),
        (png_of_size(12_000, 8_000), TOO_MANY),
        (png_of_size(100_000, 100_000), TOO_MANY),
        (png_of_size(2**31 - 1, 2**31 - 1), TOO_MANY),
        (png_of_size(1, 100_000), "^has a side of more than 65,535 pixels$"),
        (png_of_size(0, 5), "^has no pixels$"),
        (with_bytes(JPEG, SOF + 5, struct.pack(">HH", 60_000, 60_000)), TOO_MANY),
        (with_bytes(JPEG, SOF + 5, struct.pack(">HH", 0, 200)), "^has no pixels$"),
        (gif_of_size(60_000, 60_000), TOO_MANY),
        (gif_of_size(10, 10, frame=(60_000, 60_000)), TOO_MANY),
        *((body, TOO_MANY) for body in webp_of_size(16_383, 16_383).values()),
        (with_bytes(BMP, 18, struct.pack("<ii", 60_000, 60_000)), TOO_MANY),
        (with_bytes(BMP, 18, struct.pack("<ii", 60_000, -60_000)), TOO_MANY),
        (tiff_of_size(60_000, 60_000), TOO_MANY),
        (tiff_of_size(10, 10, tag_322=60_000, tag_323=60_000), TOO_MANY),
        (
            AVIF.replace(
                b"ispe\0\0\0\0" + struct.pack(">II", 40, 30), b"ispe\0\0\0\0" + struct.pack(">II", 16_000, 16_000)
            ),
            TOO_MANY,
        ),
    ],
)
def test_a_size_is_refused_before_a_pixel_is_decoded(body: bytes, reason: str) -> None:
    """Every format says how large it is, and that is read first."""
    with pytest.raises(NotAnImage, match=reason):
        decode_picture(body)


@pytest.mark.parametrize("scans", [33, 400, 20_000])
def test_a_scan_bomb_is_refused_before_it_is_decoded(scans: int) -> None:
    """A few KB that cost 15 ms of CPU for each 41 bytes."""
    body = scan_bomb(scans)
    with pytest.raises(NotAnImage, match=r"^is a JPEG with more scans than its pixels need$"):
        decode_picture(body)


def test_a_small_picture_has_a_limit_of_scans_too() -> None:
    """A hundred of them, whatever the size."""
    assert decode_picture(scan_bomb(100, width=64, height=64)).width == 64
    with pytest.raises(NotAnImage, match="scans"):
        decode_picture(scan_bomb(101, width=64, height=64))


def test_sequential_scans_are_counted_too() -> None:
    """A JPEG without passes may repeat scans as well."""
    grey = encode(Image.new("L", (64, 64)), "JPEG")
    scan = grey.index(b"\xff\xda")
    with pytest.raises(NotAnImage, match="scans"):
        decode_picture(grey[:scan] + grey[scan:-2] * 101 + b"\xff\xd9")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (PNG[:33] + build_chunk(b"tEXt", b"") * 70_000 + PNG[33:], "chunks"),
        (PNG[:33] + build_chunk(b"IDAT", b"") * 70_000 + PNG[33:], "chunks"),
        (JPEG[:2] + b"\xff\xfe\0\2" * 70_000 + JPEG[2:], "segments"),
        (GIF[:205] + b"!\xfe" + b"\1x" * 1_100_000 + b"\0" + GIF[205:], "pieces"),
        (WEBP[:12] + b"xyzw\0\0\0\0" * 70_000 + WEBP[12:], "chunks"),
        (tiff_of_size(10, 70_000 // 7, tag_273=[8] * 70_000, tag_279=[1] * 70_000), "65,536 values in tag 273"),
    ],
    ids=["PNG", "PNG pixels", "JPEG", "GIF", "WebP", "TIFF"],
)
def test_a_file_of_crumbs_is_refused(body: bytes, reason: str) -> None:
    """Parts without end cost a step each."""
    with pytest.raises(NotAnImage, match=reason):
        decode_picture(body)


def test_pixels_beyond_the_picture_are_not_inflated() -> None:
    """100 MB of zeros behind the last row are never made."""
    rows = zlib.compress(bytes(1 + 8 * 3) + bytes(100_000_000))
    header = build_chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 1, 8, 2, 0, 0, 0))

    decoded = decode_picture(SIGNATURE + header + build_chunk(b"IDAT", rows) + build_chunk(b"IEND", b""))

    assert (decoded.width, decoded.height) == (8, 1)
