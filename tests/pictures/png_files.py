"""PNG files made by hand, in every kind that the specification has."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6

#: Every pair of colour type and depth: PNG specification, table 11.1.
KINDS = [
    *((GREY, depth) for depth in (1, 2, 4, 8, 16)),
    *((RGB, depth) for depth in (8, 16)),
    *((PALETTE, depth) for depth in (1, 2, 4, 8)),
    *((GREY_ALPHA, depth) for depth in (8, 16)),
    *((RGBA, depth) for depth in (8, 16)),
]

CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}

#: Start and step of the seven passes, across and down: PNG specification, table 8.1.
_PASSES = ((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2))

Samples = npt.NDArray[np.uint16]
Chunk = tuple[bytes, bytes]


def build_chunk(kind: bytes, body: bytes, *, crc: int | None = None) -> bytes:
    """A chunk, with its own checksum or another one."""
    checksum = zlib.crc32(kind + body) if crc is None else crc
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def build_png(
    samples: Samples,
    *,
    colour_type: int,
    depth: int,
    interlaced: bool = False,
    before: Sequence[bytes] = (),
    after: Sequence[bytes] = (),
    palette: bytes = b"",
    end: bool = True,
) -> bytes:
    """The file of samples [height, width, channels], each of `depth` bits, with chunks before and behind the pixels."""
    height, width, _ = samples.shape
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    passes = _PASSES if interlaced else ((0, 1, 0, 1),)
    rows = b"".join(_pack(samples[top::down, left::across], depth) for left, across, top, down in passes)
    return b"".join(
        (
            SIGNATURE,
            build_chunk(b"IHDR", header),
            *(chunk for chunk in before if chunk[4:8] != b"tRNS"),
            build_chunk(b"PLTE", palette) if palette else b"",
            *(chunk for chunk in before if chunk[4:8] == b"tRNS"),
            build_chunk(b"IDAT", zlib.compress(rows)),
            *after,
            build_chunk(b"IEND", b"") if end else b"",
        )
    )


def _pack(samples: Samples, depth: int) -> bytes:
    if not samples.size:
        return b""
    rows = samples.reshape(samples.shape[0], -1)
    if depth == 16:
        packed = rows.astype(">u2").view(np.uint8).reshape(rows.shape[0], -1)
    else:
        bits = (rows[:, :, None] >> np.arange(depth - 1, -1, -1)) & 1
        packed = np.packbits(bits.reshape(rows.shape[0], -1).astype(np.uint8), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in packed)


def draw(colour_type: int, depth: int, *, width: int = 23, height: int = 17) -> Samples:
    """Samples that differ: all values from the smallest to the largest, and some far apart beside each other."""
    channels = CHANNELS[colour_type]
    largest = (1 << depth) - 1
    numbers = np.arange(height * width * channels, dtype=np.uint64).reshape(height, width, channels)
    samples = (numbers * 2_654_435_761 >> np.uint64(7)) % np.uint64(largest + 1)
    samples[0, :, :] = np.linspace(0, largest, width).round().astype(np.uint64)[:, None]
    return samples.astype(np.uint16)


def draw_palette(depth: int) -> bytes:
    """As many colours as the depth has, none twice."""
    return bytes(value for index in range(1 << depth) for value in (index * 7 % 256, 255 - index, index * 31 % 256))


def expected_rgba(samples: Samples, colour_type: int, depth: int, palette: bytes = b"") -> npt.NDArray[np.uint8]:
    """The samples as 8-bit RGBA [height, width, 4], by the specification, without transparency of their own chunk."""
    if colour_type == PALETTE:
        colours = np.frombuffer(palette, np.uint8).reshape(-1, 3)[samples[:, :, 0]]
        return np.dstack([colours, np.full(samples.shape[:2], 255, np.uint8)])
    eight = (samples >> 8 if depth == 16 else samples * (255 // ((1 << depth) - 1))).astype(np.uint8)
    grey = colour_type in {GREY, GREY_ALPHA}
    colours = np.repeat(eight[:, :, :1], 3, axis=2) if grey else eight[:, :, :3]
    has_alpha = colour_type in {GREY_ALPHA, RGBA}
    return np.dstack([colours, eight[:, :, -1] if has_alpha else np.full(samples.shape[:2], 255, np.uint8)])
