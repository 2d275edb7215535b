"""Pixels decide: what a file holds beside them is never a reason to refuse it."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import TiffImagePlugin

from tests.pictures import png_files
from tests.pictures.cases import draw, encode
from tests.pictures.png_files import PALETTE, RGB, build_chunk, build_png
from tests.pictures.seeing import show_rgba, warnings_of

WORKFLOW = b'{"nodes": [' + b'{"id": 1, "type": "KSampler"},' * 42_000 + b"{}]}"

#: Chunks as programs and attackers write them. None of them says anything about the pixels.
CHUNKS = {
    "text of 1.2 MB": build_chunk(b"tEXt", b"workflow\0" + WORKFLOW),
    "deflated text of 1.2 MB": build_chunk(b"zTXt", b"workflow\0\0" + zlib.compress(WORKFLOW)),
    "deflated UTF-8 of 1.2 MB": build_chunk(b"iTXt", b"prompt\0\1\0\0\0" + zlib.compress(WORKFLOW)),
    "text that would inflate to 50 MB": build_chunk(b"zTXt", b"bomb\0\0" + zlib.compress(bytes(50_000_000), 9)),
    "text with a wrong checksum": build_chunk(b"tEXt", b"Comment\0hello", crc=0),
    "deflated text that is none": build_chunk(b"zTXt", b"x\0\0garbage"),
    "deflated text by another method": build_chunk(b"zTXt", b"x\0\x09garbage"),
    "UTF-8 that is none": build_chunk(b"iTXt", b"x\0\0\0\xff\xfe\0\xff\0\xff\xff"),
    "text without a key": build_chunk(b"tEXt", b""),
    "EXIF that is none": build_chunk(b"eXIf", b"garbage"),
    "EXIF of nothing": build_chunk(b"eXIf", b""),
    "a resolution of another length": build_chunk(b"pHYs", b"\0"),
    "a resolution with a wrong checksum": build_chunk(b"pHYs", bytes(9), crc=0),
    "significant bits that are none": build_chunk(b"sBIT", b"\xff" * 7),
    "a background of another length": build_chunk(b"bKGD", b"\0" * 100),
    "a histogram": build_chunk(b"hIST", b"\0" * 3),
    "a time that is none": build_chunk(b"tIME", b"\xff" * 7),
    "an animation of no frames": build_chunk(b"acTL", bytes(8)),
    "an animation that is cut off": build_chunk(b"acTL", b""),
    "a frame outside of the picture": build_chunk(b"fcTL", b"\0" * 4 + b"\xff" * 22),
    "frames out of order": build_chunk(b"fcTL", b"\xff" * 4 + struct.pack(">IIII", 1, 1, 0, 0) + bytes(6)),
    "a chunk of a program's own": build_chunk(b"caBX", bytes(100_000)),
    "a rendering intent that is none": build_chunk(b"sRGB", b"\xff\xff"),
}


@pytest.mark.parametrize("name", CHUNKS)
@pytest.mark.parametrize(("colour_type", "depth"), [(RGB, 8), (RGB, 16), (PALETTE, 4)])
def test_a_chunk_of_a_png_changes_nothing(name: str, colour_type: int, depth: int) -> None:
    """Before the pixels and behind them, once and twice."""
    samples = png_files.draw(colour_type, depth)
    palette = png_files.draw_palette(depth) if colour_type == PALETTE else b""
    chunk = CHUNKS[name]
    for before, after in (([chunk], []), ([], [chunk]), ([chunk, chunk], [chunk])):
        body = build_png(samples, colour_type=colour_type, depth=depth, palette=palette, before=before, after=after)

        expected = png_files.expected_rgba(samples, colour_type, depth, palette)
        assert np.array_equal(show_rgba(body), expected)
        assert warnings_of(body) == ()


def test_a_png_may_end_after_its_pixels() -> None:
    """Without IEND, and cut off inside of a chunk behind the pixels, it shows all the same."""
    samples = png_files.draw(RGB, 8)
    text = build_chunk(b"tEXt", b"Comment\0" + b"x" * 1000)
    body = build_png(samples, colour_type=RGB, depth=8, after=[text], end=False)

    for length in (len(body), len(body) - 500, len(body) - len(text) + 3, len(body) - len(text)):
        assert np.array_equal(show_rgba(body[:length])[:, :, :3], samples)


def test_pixels_in_many_chunks_are_one_picture() -> None:
    """Pixels may be cut into chunks of a byte each, and of none."""
    samples = png_files.draw(RGB, 8)
    body = build_png(samples, colour_type=RGB, depth=8)
    start = body.index(b"IDAT") - 4
    length = int.from_bytes(body[start : start + 4])
    data = body[start + 8 : start + 8 + length]
    pieces = b"".join(build_chunk(b"IDAT", bytes((byte,))) + build_chunk(b"IDAT", b"") for byte in data)

    assert np.array_equal(show_rgba(body[:start] + pieces + body[start + 12 + length :])[:, :, :3], samples)


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


SEGMENTS = {
    "a comment": segment(0xFE, b"x" * 60_000),
    "EXIF that is none": segment(0xE1, b"Exif\0\0garbage"),
    "EXIF of nothing": segment(0xE1, b"Exif\0\0"),
    "XMP that is none": segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<<<"),
    "one piece of a profile of no bytes": segment(0xE2, b"ICC_PROFILE\0"),
    "more pictures that are none": segment(0xE2, b"MPF\0garbage"),
    "FlashPix": segment(0xE2, b"FPXR\0" + bytes(5)),
    "Photoshop's blocks, cut off": segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\xff"),
    "a segment of a program's own": segment(0xEB, b"JP" + bytes(40_000)),
    "a JFIF extension": segment(0xE0, b"JFXX\0\x13"),
    "a JFIF header, cut off": segment(0xE0, b"JFIF\0"),
    "filling": b"\xff" * 100 + segment(0xFE, b""),
}


@pytest.mark.parametrize("name", SEGMENTS)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_segment_of_a_jpeg_changes_nothing(name: str, mode: str) -> None:
    """Before all others, and before the scan."""
    plain = encode(draw(mode), "JPEG")
    scan = plain.index(b"\xff\xda")
    expected = show_rgba(plain)
    for body in (plain[:2] + SEGMENTS[name] + plain[2:], plain[:scan] + SEGMENTS[name] + plain[scan:]):
        assert np.array_equal(show_rgba(body), expected)
        assert warnings_of(body) == ()


@pytest.mark.parametrize("kind", [b"EXIF", b"XMP ", b"ICCP", b"xyzw"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("lossless", [False, True], ids=["lossy", "lossless"])
def test_a_chunk_of_a_webp_changes_nothing(kind: bytes, mode: str, *, lossless: bool) -> None:
    """Garbage behind the pixels, with and without the flag that announces it."""
    plain = encode(draw(mode), "WEBP", lossless=lossless, exact=True)
    chunk = kind + struct.pack("<I", 7) + b"garbage\0"
    body = b"RIFF" + struct.pack("<I", len(plain) - 8 + len(chunk)) + plain[8:] + chunk

    assert np.array_equal(show_rgba(body), show_rgba(plain))
    assert warnings_of(body) == (("has a broken colour profile, which is ignored",) if kind == b"ICCP" else ())


def test_extensions_of_a_gif_change_nothing() -> None:
    """A comment of many pieces, and the extension of an unknown program."""
    plain = encode(draw("P"), "GIF")
    frame = 13 + 3 * 64
    comment = b"!\xfe" + b"\x01x" * 20_000 + b"\0"
    program = b"!\xff\x0bSOMEPROGRAM\x03abc\0"
    unknown = b"!\x42\x02ab\0"
    assert plain[frame : frame + 1] == b","

    for extension in (comment, program, unknown):
        assert np.array_equal(show_rgba(plain[:frame] + extension + plain[frame:]), show_rgba(plain))


def test_other_tags_of_a_tiff_change_nothing() -> None:
    """Tags of programs, EXIF and position are not read, wherever they point."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = "a description"
    tags[700] = b"<<<"
    tags[34_377] = b"8BIM\x04\x04\xff"
    tags[65_000] = "a program's own"
    plain = encode(draw("RGB"), "TIFF")
    body = encode(draw("RGB"), "TIFF", tiffinfo=tags)

    assert np.array_equal(show_rgba(body), show_rgba(plain))
