"""Read a WebP file: a still, or the first frame of an animation, as a file of its own with its pixels alone."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from PIL import Image

from core.pictures.formats.still import ANIMATED, StillPicture, load_image
from core.pictures.limits import MAX_PROFILE_BYTES, NotAnImage, broken, check_size
from core.pictures.orientation import read_orientation

#: Chunks of one file that are looked at; an animation has one for each frame.
_MOST_CHUNKS = 65_536

_ALPHA_FLAG = 0x10

#: Bytes of a frame's rectangle, duration and flags: WebP container specification, ANMF.
_FRAME_HEADER = 16


def read_webp(body: bytes) -> StillPicture:
    """The first picture in a WebP file. Raises NotAnImage."""
    if 8 + int.from_bytes(body[4:8], "little") > len(body):
        # What is cut off may be the orientation, which stands behind the pixels.
        raise broken("WebP")
    chunks: dict[bytes, memoryview] = {}
    frames = 0
    for kind, content in _walk(memoryview(body)[12:]):
        frames += kind == b"ANMF"
        chunks.setdefault(kind, content)
    return StillPicture(
        image=_decode_frame(chunks) if frames else _decode(chunks),
        orientation=read_orientation(chunks.get(b"EXIF", b"")),
        profile=bytes(chunks[b"ICCP"][: MAX_PROFILE_BYTES + 1]) if b"ICCP" in chunks else None,
        warnings=(ANIMATED,) if frames > 1 else (),
    )


def _walk(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    position = 0
    for _ in range(_MOST_CHUNKS):
        if position + 8 > len(view):
            return
        kind, length = struct.unpack_from("<4sI", view, position)
        # Of a file that is cut off, the last chunk is shorter, and the decoder says so.
        yield kind, view[position + 8 : position + 8 + length]
        position += 8 + length + length % 2
    raise NotAnImage(f"is a WebP of more than {_MOST_CHUNKS:,} chunks")


def _decode_frame(chunks: dict[bytes, memoryview]) -> Image.Image:
    """The first frame on the canvas, which is transparent elsewhere."""
    canvas_width, canvas_height = _read_canvas(chunks)
    check_size(canvas_width, canvas_height)
    header = bytes(chunks[b"ANMF"][:_FRAME_HEADER])
    parts: dict[bytes, memoryview] = {}
    for kind, content in _walk(chunks[b"ANMF"][_FRAME_HEADER:]):
        parts.setdefault(kind, content)
    frame = _decode(parts)
    left, top = (2 * int.from_bytes(header[at : at + 3], "little") for at in (0, 3))
    if (frame.width, frame.height) == (canvas_width, canvas_height):
        return frame
    canvas = Image.new("RGBA", (canvas_width, canvas_height))
    canvas.paste(frame, (left, top))
    return canvas


def _decode(chunks: dict[bytes, memoryview]) -> Image.Image:
    """The picture of one bitstream, with the alpha that a lossy one has beside it."""
    if b"VP8L" in chunks:
        _check_lossless(chunks[b"VP8L"])
        return load_image(_build({b"VP8L": chunks[b"VP8L"]}), "WEBP")
    lossy = chunks.get(b"VP8 ", memoryview(b""))
    size = _read_lossy_size(lossy)
    if b"ALPH" not in chunks:
        return load_image(_build({b"VP8 ": lossy}), "WEBP")
    width, height = ((side - 1).to_bytes(3, "little") for side in size)
    extended = memoryview(bytes((_ALPHA_FLAG, 0, 0, 0)) + width + height)
    return load_image(_build({b"VP8X": extended, b"ALPH": chunks[b"ALPH"], b"VP8 ": lossy}), "WEBP")


def _read_canvas(chunks: dict[bytes, memoryview]) -> tuple[int, int]:
    header = chunks.get(b"VP8X", memoryview(b""))
    if len(header) < 10:  # noqa: PLR2004
        raise broken("WebP")
    return int.from_bytes(header[4:7], "little") + 1, int.from_bytes(header[7:10], "little") + 1


def _read_lossy_size(bitstream: memoryview) -> tuple[int, int]:
    """RFC 6386, 9.1. Raises NotAnImage for a size that is not taken: the decoder takes its memory before it can be asked."""
    if len(bitstream) < 10 or bytes(bitstream[3:6]) != b"\x9d\x01\x2a":  # noqa: PLR2004
        raise broken("WebP")
    width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", bitstream, 6))
    check_size(width, height)
    return width, height


def _check_lossless(bitstream: memoryview) -> None:
    """WebP lossless bitstream specification, 3."""
    if len(bitstream) < 5 or bitstream[0] != 0x2F:  # noqa: PLR2004
        raise broken("WebP")
    bits = int.from_bytes(bitstream[1:5], "little")
    check_size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)


def _build(chunks: dict[bytes, memoryview]) -> bytes:
    parts: list[bytes | memoryview] = []
    for kind, content in chunks.items():
        parts += (kind, struct.pack("<I", len(content)), content, bytes(len(content) % 2))
    return b"RIFF" + struct.pack("<I", 4 + sum(map(len, parts))) + b"WEBP" + b"".join(parts)
