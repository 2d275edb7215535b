"""Read a PNG file."""

from __future__ import annotations

import struct
import zlib

from PIL import Image

from core.pictures.formats.png_chunks import GREY, INDEXED, TRUECOLOUR, PngChunks, read_chunks
from core.pictures.formats.png_colour import read_colours
from core.pictures.formats.png_transparency import hide_key
from core.pictures.formats.still import ANIMATED, StillPicture, open_image
from core.pictures.limits import broken
from core.pictures.orientation import read_orientation

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\0\0\0\0IEND\xaeB`\x82"

#: By colour type, for 16 bits: Pillow's mode, and the raw modes that take the first and the second byte of each sample.
_SIXTEEN_BITS = {GREY: ("L", "L;16B", "L;16"), TRUECOLOUR: ("RGB", "RGB;16B", "RGB;16L")}

_BROKEN_TRANSPARENCY = "has broken transparency, which is ignored"


def read_png(body: bytes) -> StillPicture:
    """The picture in a PNG file: of an animation the one that a viewer without animations shows. Raises NotAnImage."""
    chunks = read_chunks(body)
    if chunks.header.colour_type == INDEXED and not chunks.palette_entries:
        raise broken("PNG")
    profile, warnings = read_colours(chunks)
    transparency = _read_transparency(chunks)
    if transparency is None and b"tRNS" in chunks.damaged | chunks.optional.keys():
        warnings = (*warnings, _BROKEN_TRANSPARENCY)
    if int.from_bytes(chunks.optional.get(b"acTL", b"")[:4]) > 1:
        warnings = (*warnings, ANIMATED)
    return StillPicture(
        image=_decode(chunks, transparency),
        orientation=read_orientation(chunks.optional.get(b"eXIf", b"")),
        profile=profile,
        warnings=warnings,
    )


def _read_transparency(chunks: PngChunks) -> bytes | None:
    """The body of a tRNS chunk that fits the picture: PNG specification, 11.3.1.1."""
    body = bytes(chunks.optional.get(b"tRNS", b""))
    fits = {
        GREY: len(body) == struct.calcsize(">H"),
        TRUECOLOUR: len(body) == struct.calcsize(">HHH"),
        INDEXED: 0 < len(body) <= chunks.palette_entries,
    }
    return body if fits.get(chunks.header.colour_type, False) else None


def _decode(chunks: PngChunks, transparency: bytes | None) -> Image.Image:
    header = chunks.header
    if header.colour_type == INDEXED:
        return _load(chunks, transparency=transparency)
    image = _load(chunks, byte=0)
    if transparency is None:
        # Of 16 bits with alpha, Pillow makes colours of greys.
        return image.convert("LA") if header.is_grey and image.mode == "RGBA" else image
    keys = struct.unpack(f">{len(transparency) // 2}H", transparency)
    low = _load(chunks, byte=1) if header.depth == 16 else None  # noqa: PLR2004
    return hide_key(image, low, keys, depth=header.depth)


def _load(chunks: PngChunks, *, byte: int = 0, transparency: bytes | None = None) -> Image.Image:
    """The pixels alone; of 16 bits, the first or the second byte."""
    file = b"".join(
        (
            _SIGNATURE,
            chunks.header_chunk,
            chunks.palette_chunk if chunks.header.colour_type == INDEXED else b"",
            _build_chunk(b"tRNS", transparency) if transparency else b"",
            chunks.pixel_chunks,
            _END,
        )
    )
    opened = open_image(file, "PNG")
    if chunks.header.depth == 16 and chunks.header.colour_type in _SIXTEEN_BITS:  # noqa: PLR2004
        mode, *raw_modes = _SIXTEEN_BITS[chunks.header.colour_type]
        # Pillow has no switch for the byte that it takes, but what it is about to decode can be changed.
        opened._mode = mode  # noqa: SLF001
        opened.tile = [tile._replace(args=raw_modes[byte]) for tile in opened.tile]
    opened.load()
    return opened


def _build_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
