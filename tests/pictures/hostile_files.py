"""Files that say they are huge, cost much, or are damaged: the sound ones to start from, and how to spoil them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, TiffImagePlugin

from tests.pictures import png_files
from tests.pictures.cases import draw, encode
from tests.pictures.png_files import RGB, SIGNATURE, build_chunk, build_png

PNG = build_png(png_files.draw(RGB, 8), colour_type=RGB, depth=8)
JPEG = encode(draw("RGB", 200, 200), "JPEG")
WEBP = encode(draw("RGB", 200, 200), "WEBP")
GIF = encode(draw("P"), "GIF")
BMP = encode(draw("RGB"), "BMP")
AVIF = encode(draw("RGB"), "AVIF")
TIFF = encode(draw("RGB"), "TIFF")

#: Where the JPEG's frame header starts.
SOF = JPEG.index(b"\xff\xc0")


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and holds a few bytes of pixels."""
    header = build_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return SIGNATURE + header + build_chunk(b"IDAT", zlib.compress(b"\0")) + build_chunk(b"IEND", b"")


def ftyp(*brands: bytes) -> bytes:
    """The head of a file of the ISO family."""
    return struct.pack(">I4s4s4x", 16 + 4 * (len(brands) - 1), b"ftyp", brands[0]) + b"".join(brands[1:]) + bytes(100)


def with_bytes(body: bytes, at: int, replaced: bytes) -> bytes:
    return body[:at] + replaced + body[at + len(replaced) :]


def gif_of_size(width: int, height: int, *, frame: tuple[int, int] = (1, 1)) -> bytes:
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", width, height, 0, 0, 0)
        + b","
        + struct.pack("<HHHHB", 0, 0, *frame, 0)
        + b"\2\0;"
    )


def webp_of_size(width: int, height: int) -> dict[str, bytes]:
    """The same size in a lossy bitstream, a lossless one, and the canvas of an animation."""
    lossy = b"VP8 " + struct.pack("<I", 10) + bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", width, height)
    lossless = b"VP8L" + struct.pack("<I", 5) + b"\x2f" + struct.pack("<I", width - 1 | height - 1 << 14) + b"\0"
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + sides + b"ANMF" + struct.pack("<I", 16) + bytes(16)
    bodies = {"lossy": lossy, "lossless": lossless, "canvas": canvas}
    return {name: b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body for name, body in bodies.items()}


def tiff_of_size(width: int, height: int, **tags: Any) -> bytes:
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    directory.update({256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: 100})
    directory.update({int(tag.removeprefix("tag_")): value for tag, value in tags.items()})
    buffer = io.BytesIO()
    directory.save(buffer)
    return buffer.getvalue()


def scan_bomb(scans: int, *, width: int = 8192, height: int = 4096) -> bytes:
    """A grey progressive JPEG whose scans have a few bytes each, and go over all blocks."""
    small = encode(Image.new("L", (8, 8)), "JPEG", progressive=True)
    frame = small.index(b"\xff\xc2")
    head = with_bytes(small[: small.index(b"\xff\xc4")], frame + 5, struct.pack(">HH", height, width))
    # One code of one bit: 2^14 blocks of nothing, and 14 bits for how many more.
    table = b"\xff\xc4" + struct.pack(">HB16BB", 20, 0x10, 1, *[0] * 15, 0xE0)
    blocks = (width // 8) * (height // 8)
    bits = "".join("0" + "1" * 14 for _ in range(-(-blocks // 32_767)))
    bits += "1" * (-len(bits) % 8)
    data = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")
    scan = b"\xff\xda" + struct.pack(">H6B", 8, 1, 1, 0, 1, 63, 0) + data
    return head + table + scan * scans + b"\xff\xd9"
