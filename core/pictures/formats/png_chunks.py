"""Take a PNG file apart, so that only what its pixels and their colours need reaches a decoder."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.pictures.limits import NotAnImage, broken, check_size

#: Colour types of IHDR.
GREY, TRUECOLOUR, INDEXED = 0, 2, 3

_SIGNATURE_LENGTH = 8

#: Chunks of one file. Encoders write pixels in pieces of 8 KiB or more, which makes 2,560 of the largest file.
_MOST_CHUNKS = 65_536

#: The bytes that an empty chunk has: length, kind and checksum.
_FRAME = 12

#: Depths by colour type: PNG specification, table 11.1.
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}

#: Optional chunks that say something about the pixels. Each counts once, the first time.
_WANTED = frozenset({b"tRNS", b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"eXIf", b"acTL"})

#: Those that have no meaning behind the pixels.
_BEFORE_PIXELS = _WANTED - {b"eXIf"}


@dataclass(frozen=True)
class Header:
    """What IHDR says."""

    width: int
    height: int
    depth: int
    colour_type: int
    interlaced: bool

    @property
    def is_grey(self) -> bool:
        """Whether there is one channel, beside an alpha."""
        return not self.colour_type & TRUECOLOUR


@dataclass
class PngChunks:
    """The parts of a PNG file that count."""

    header: Header
    #: The whole chunks as they stand in the file: length, kind, body, checksum.
    header_chunk: memoryview
    palette_chunk: memoryview = field(default_factory=lambda: memoryview(b""))
    pixel_chunks: memoryview = field(default_factory=lambda: memoryview(b""))
    #: Bodies of the optional chunks that are wanted, by kind.
    optional: dict[bytes, memoryview] = field(default_factory=dict)
    #: Kinds of wanted chunks whose checksum is wrong.
    damaged: set[bytes] = field(default_factory=set)

    @property
    def palette_entries(self) -> int:
        """The number of colours in the palette."""
        return max(len(self.palette_chunk) - _FRAME, 0) // 3


def read_chunks(body: bytes) -> PngChunks:
    """The parts of a PNG file.

    Raises NotAnImage for a size that is not taken, for a wrong checksum of what the pixels need, and for a file that ends before
    its pixels do. What is optional is never a reason.
    """
    chunks = _walk(memoryview(body))
    kind, _, chunk = next(chunks, (b"", 0, memoryview(b"")))
    if kind != b"IHDR":
        raise broken("PNG")
    _check(chunk)
    found = PngChunks(_read_header(chunk[8:-4]), chunk)
    pixels_start = pixels_end = 0
    for kind, position, chunk in chunks:
        is_optional = kind[0] & 0x20
        if kind == b"IDAT" and pixels_end in {0, position}:
            _check(chunk)
            pixels_start = pixels_start or position
            pixels_end = position + len(chunk)
        elif kind == b"PLTE":
            _check(chunk)
            found.palette_chunk = chunk
        elif kind in _WANTED:
            if pixels_end == 0 or kind not in _BEFORE_PIXELS:
                _note(found, kind, chunk)
        elif not is_optional and kind != b"IDAT":
            # Such as the chunk of Apple's own kind of PNG, whose pixels are coded otherwise.
            raise broken("PNG")
    if pixels_end == 0:
        raise broken("PNG")
    found.pixel_chunks = memoryview(body)[pixels_start:pixels_end]
    return found


def _walk(view: memoryview) -> Iterator[tuple[bytes, int, memoryview]]:
    """Kind, place and bytes of each chunk before IEND, or before the end of a file that has none."""
    position = _SIGNATURE_LENGTH
    for _ in range(_MOST_CHUNKS):
        if position + _FRAME > len(view):
            return
        length, kind = struct.unpack_from(">I4s", view, position)
        end = position + _FRAME + length
        if kind == b"IEND" or (end > len(view) and kind != b"IDAT"):
            return
        # Of pixels that are cut off, the checksum is missing.
        yield kind, position, view[position:end]
        position = end
    raise NotAnImage(f"is a PNG of more than {_MOST_CHUNKS:,} chunks")


def _note(found: PngChunks, kind: bytes, chunk: memoryview) -> None:
    if not _is_intact(chunk):
        found.damaged.add(kind)
    else:
        found.optional.setdefault(kind, chunk[8:-4])


def _read_header(content: memoryview) -> Header:
    if len(content) != struct.calcsize(">IIBBBBB"):
        raise broken("PNG")
    width, height, depth, colour_type, compression, filters, interlace = struct.unpack(">IIBBBBB", content)
    check_size(width, height)
    if depth not in _DEPTHS.get(colour_type, ()) or compression or filters or interlace > 1:
        raise broken("PNG")
    return Header(width, height, depth, colour_type, bool(interlace))


def _check(chunk: memoryview) -> None:
    if not _is_intact(chunk):
        raise broken("PNG")


def _is_intact(chunk: memoryview) -> bool:
    return zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:])
