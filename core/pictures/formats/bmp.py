"""Read a BMP file."""

from __future__ import annotations

import struct

from core.pictures.formats.still import StillPicture, load_image
from core.pictures.limits import MAX_PROFILE_BYTES, NotAnImage

#: Bytes of the oldest header, which names no compression.
_CORE_HEADER = 12

#: Bytes of the newest header, and of what stands before any.
_NEWEST_HEADER, _FILE_HEADER = 124, 14

#: Plain pixels, and plain pixels with masks of bits.
_PLAIN = frozenset({0, 3})


def read_bmp(body: bytes) -> StillPicture:
    """The picture in a BMP file. Raises NotAnImage."""
    header_size = int.from_bytes(body[14:18], "little")
    compression = int.from_bytes(body[30:34], "little") if header_size > _CORE_HEADER else 0
    if compression not in _PLAIN:
        # Pillow decodes run lengths in Python, so a small file could keep it busy for many seconds.
        raise NotAnImage("is a compressed BMP, which is not taken; send it without compression, or as PNG")
    return StillPicture(image=load_image(body, "BMP"), profile=_read_profile(body, header_size))


def _read_profile(body: bytes, header_size: int) -> bytes | None:
    """The profile that a BITMAPV5HEADER announces by its colour space `MBED` (Microsoft, "BITMAPV5HEADER structure")."""
    if header_size < _NEWEST_HEADER or body[70:74] != b"DEBM":
        return None
    start, size = struct.unpack_from("<II", body, 126)
    return body[_FILE_HEADER + start :][: min(size, MAX_PROFILE_BYTES + 1)]
