"""A picture is seen upright, whatever else its EXIF block holds."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from core.pictures.orientation import read_orientation
from tests.pictures import png_files
from tests.pictures.cases import draw, encode
from tests.pictures.png_files import RGB, build_chunk, build_png
from tests.pictures.seeing import show_rgba, warnings_of

Entry = tuple[int, int, int, bytes]

#: Tag, type, count and the four bytes of the value, or of the place where it stands; types by TIFF 6.0: 2 is text, 3 a short,
#: 4 a long, 5 a fraction, 9 a negative long.
SIX: Entry = (0x0112, 3, 1, b"\0\x06\0\0")

ODD_TAGS: dict[str, Entry] = {
    "text as a resolution": (0x011A, 2, 4, b"abc\0"),
    "a resolution outside of the block": (0x011A, 5, 1, b"\xff\xff\xff\xff"),
    "a negative width": (0x0100, 9, 1, struct.pack(">i", -5)),
    "an unknown type": (0x010F, 99, 1, b"\0\0\0\0"),
    "a count beyond the block": (0x010F, 2, 0xFFFFFFFF, b"\0\0\0\x08"),
    "a directory outside of the block": (0x8769, 4, 1, b"\x7f\xff\xff\xff"),
    "a directory that is the block itself": (0x8769, 4, 1, b"\0\0\0\x08"),
    "a position outside of the block": (0x8825, 4, 1, b"\xff\xff\xff\xff"),
    "a count of zero": (0x0131, 2, 0, b"\0\0\0\0"),
}


def build_exif(*entries: Entry, order: str = ">", following: int = 0) -> bytes:
    """An EXIF block of these entries; `order` of the bytes, of big-endian values as they are given."""
    head = b"MM\0*" if order == ">" else b"II*\0"
    directory = struct.pack(f"{order}IH", 8, len(entries))
    for tag, type_, count, value in entries:
        directory += struct.pack(f"{order}HHI", tag, type_, count) + (
            value if order == ">" else value[:2][::-1] + value[2:]
        )
    return head + directory + struct.pack(f"{order}I", following)


def upright_of(format_: str, exif: bytes) -> npt.NDArray[np.int64]:
    """What a picture with this block looks like."""
    options: dict[str, Any] = {"lossless": True} if format_ == "WEBP" else {}
    return show_rgba(encode(draw("RGB"), format_, exif=b"Exif\0\0" + exif, **options))


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("name", ODD_TAGS)
def test_an_odd_tag_does_not_keep_a_picture_from_being_turned(format_: str, name: str) -> None:
    """A tag before the orientation or behind it may hold anything."""
    for entries in ((ODD_TAGS[name], SIX), (SIX, ODD_TAGS[name])):
        seen = upright_of(format_, build_exif(*entries))

        expected = np.rot90(upright_of(format_, b""), -1)
        assert seen.shape == (40, 30, 4)
        assert np.array_equal(seen, expected)


@pytest.mark.parametrize(
    ("block", "orientation"),
    [
        (build_exif(SIX), 6),
        (build_exif(SIX, order="<"), 6),
        (b"Exif\0\0" + build_exif(SIX), 6),
        (build_exif((0x0112, 4, 1, b"\0\0\0\x08")), 8),
        (build_exif((0x0112, 1, 1, b"\x03\0\0\0")), 3),
        (build_exif(*[(0x0100 + number, 3, 1, bytes(4)) for number in range(18)], SIX), 6),
        (build_exif(SIX, (0x0112, 3, 1, b"\0\x03\0\0")), 6),
        (build_exif(SIX, following=0xFFFFFFFF), 6),
        (build_exif(SIX)[:-4], 6),
        # What is no orientation.
        (build_exif((0x0112, 3, 1, b"\0\x09\0\0")), 1),
        (build_exif((0x0112, 3, 1, b"\0\0\0\0")), 1),
        (build_exif((0x0112, 2, 2, b"6\0\0\0")), 1),
        (build_exif((0x0112, 5, 1, b"\0\0\0\x08")), 1),
        (build_exif(), 1),
        # What is no block.
        (b"", 1),
        (b"Exif\0\0", 1),
        (b"MM\0*", 1),
        (b"MM\0*\xff\xff\xff\xff", 1),
        (b"MM\0*\0\0\0\x08\xff\xff", 1),
        (build_exif(SIX)[:19], 1),
        (b"II\0*" + build_exif(SIX)[4:], 1),
        (b"garbage that is no TIFF", 1),
    ],
)
def test_the_orientation_is_read_or_taken_as_upright(block: bytes, orientation: int) -> None:
    """Both byte orders and each width of a number are read; nothing that is broken is an error."""
    assert read_orientation(block) == orientation


def test_a_long_directory_costs_little() -> None:
    """Of a block that announces 65,535 entries, the first thousand are looked at."""
    block = build_exif(*[(0xC000, 3, 1, bytes(4))] * 2000, SIX)

    assert read_orientation(block) == 1


def test_a_block_behind_the_pixels_of_a_png_counts() -> None:
    """The PNG specification lets eXIf stand there."""
    samples = png_files.draw(RGB, 8, width=6, height=4)
    body = build_png(samples, colour_type=RGB, depth=8, after=[build_chunk(b"eXIf", build_exif(SIX))])

    assert np.array_equal(show_rgba(body)[:, :, :3], np.rot90(samples, -1))


def test_avif_is_turned_by_its_own_boxes_alone() -> None:
    """A broken EXIF item of an AVIF changes nothing."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description"
    body = encode(draw("RGB"), "AVIF", exif=exif)
    broken = body.replace(b"MM\0*", b"XXXX")
    assert broken != body

    assert show_rgba(body).shape == (40, 30, 4)
    assert np.array_equal(show_rgba(broken), show_rgba(body))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_alpha_and_greys_are_turned_too(orientation: int) -> None:
    """The eight turns, computed from the corners, in every mode that is stored."""
    exif = build_exif((0x0112, 3, 1, bytes((0, orientation, 0, 0))))
    for mode in ("L", "LA", "RGBA"):
        plain = show_rgba(encode(draw(mode), "PNG"))
        turned = show_rgba(encode(draw(mode), "PNG", exif=exif))

        mirrored = plain[:, ::-1] if orientation in {2, 4, 5, 7} else plain
        quarters = {1: 0, 2: 0, 3: 2, 4: 2, 5: 1, 6: -1, 7: -1, 8: 1}[orientation]
        assert np.array_equal(turned, np.rot90(mirrored, quarters))
        assert warnings_of(encode(draw(mode), "PNG", exif=exif)) == ()
