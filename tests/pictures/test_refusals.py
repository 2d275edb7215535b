"""What is no picture that is taken, and what the message says about it."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from core.pictures.decode_picture import decode_picture
from core.pictures.limits import NotAnImage
from tests.pictures import png_files
from tests.pictures.cases import draw, encode
from tests.pictures.hostile_files import (
    AVIF,
    BMP,
    GIF,
    JPEG,
    PNG,
    SOF,
    TIFF,
    WEBP,
    ftyp,
    png_of_size,
    tiff_of_size,
    with_bytes,
)
from tests.pictures.png_files import PALETTE, RGB, SIGNATURE, build_chunk, build_png

TAKEN = "PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        ftyp(b"isom", b"mp42"),
        ftyp(b""),
        b"RIFF0000WAVE",
        b"\x00\x00\x00\x0cJXL \r\n\x87\n",
        encode(draw("RGB"), "PPM"),
        encode(draw("RGB"), "JPEG2000"),
        b"\x00" * 100,
    ],
    ids=lambda body: repr(body[:12]),
)
def test_other_files_are_refused_with_the_list_of_what_is_taken(body: bytes) -> None:
    """The message names all formats."""
    with pytest.raises(NotAnImage, match=f"^is not a {TAKEN} image that can be read$"):
        decode_picture(body)


@pytest.mark.parametrize("brands", [(b"heic", b"mif1", b"heic"), (b"mif1", b"heic"), (b"hevc",), (b"heix", b"mif1")])
def test_heic_is_named(brands: tuple[bytes, ...]) -> None:
    """A phone's picture is refused by its name, with what to send instead."""
    with pytest.raises(NotAnImage, match=f"^is a HEIC image, which is not taken; send it as {TAKEN}$"):
        decode_picture(ftyp(*brands))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("PNG", PNG[:-30]),
        ("PNG", PNG[:40]),
        ("PNG", SIGNATURE),
        ("PNG", PNG.replace(b"IDAT", b"IDAX", 1)),
        ("PNG", with_bytes(PNG, PNG.index(b"IDAT") + 20, b"\xff\xff\xff")),
        ("PNG", with_bytes(PNG, 29, b"\0\0\0\0")),
        ("PNG", build_png(png_files.draw(RGB, 8), colour_type=RGB, depth=8, before=[build_chunk(b"CgBI", bytes(4))])),
        ("PNG", build_png(png_files.draw(PALETTE, 8), colour_type=PALETTE, depth=8)),
        ("PNG", SIGNATURE + build_chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 3, 2, 0, 0, 0)) + PNG[33:]),
        ("PNG", SIGNATURE + build_chunk(b"IHDR", struct.pack(">IIBBBBB", 23, 17, 8, 2, 0, 0, 9)) + PNG[33:]),
        ("PNG", png_of_size(100, 100)),
        ("JPEG", JPEG[:-400]),
        ("JPEG", JPEG[:100]),
        ("JPEG", b"\xff\xd8\xff\xd9"),
        ("JPEG", b"\xff\xd8\xff" + bytes(1000)),
        ("JPEG", JPEG[:SOF] + JPEG[SOF : SOF + 19] + JPEG[SOF:]),
        ("WebP", WEBP[:-100]),
        ("WebP", WEBP[:24]),
        ("WebP", b"RIFF\x04\0\0\0WEBP"),
        ("WebP", with_bytes(WEBP, 23, b"\0\0\0")),
        ("GIF", GIF[:300]),
        ("GIF", GIF[:10]),
        ("GIF", b"GIF89a" + bytes(20)),
        ("BMP", BMP[:100]),
        ("BMP", BMP[:20]),
        ("AVIF", AVIF[:-100]),
        ("AVIF", ftyp(b"avif", b"mif1")),
        ("TIFF", TIFF[:200]),
        ("TIFF", b"II*\0\xff\xff\xff\xff"),
        ("TIFF", b"MM\0*\0\0\0\x08\0\0"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(len(value)),
)
def test_a_damaged_file_is_refused(kind: str, body: bytes) -> None:
    """What the pixels need is missing or wrong; the message names the format."""
    with pytest.raises(NotAnImage, match=f"^is a broken {kind} image$"):
        decode_picture(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (with_bytes(JPEG, SOF + 4, b"\x0c"), "^is a JPEG of 12 bits, which is not taken; send 8 bits$"),
        *(
            (with_bytes(JPEG, SOF + 1, bytes((marker,))), "^is a JPEG of a rare kind")
            for marker in (0xC3, 0xC5, 0xC9, 0xCA, 0xCF)
        ),
        (with_bytes(BMP, 30, b"\x01"), "^is a compressed BMP"),
        (with_bytes(BMP, 30, b"\x04"), "^is a compressed BMP"),
        (tiff_of_size(10, 10, tag_259=34_712), "^is a TIFF with a rare compression"),
        (tiff_of_size(10, 10, tag_259=6), "^is a TIFF with a rare compression"),
        (tiff_of_size(10, 10, tag_339=3), "^is a TIFF of signed or floating point samples"),
        (
            encode(Image.fromarray(np.zeros((4, 4), np.float32)), "TIFF"),
            "^is a TIFF of signed or floating point samples",
        ),
        (encode(Image.fromarray(np.zeros((4, 4), np.int32)), "TIFF"), "samples"),
    ],
)
def test_a_rare_kind_is_refused_by_its_name(body: bytes, reason: str) -> None:
    """What cannot be decoded safely or in colours says so, and not only that it cannot be read."""
    with pytest.raises(NotAnImage, match=reason):
        decode_picture(body)
