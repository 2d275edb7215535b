"""Read a BMP file."""

from __future__ import annotations

from core.pictures.formats.still import StillPicture, load_image
from core.pictures.limits import NotAnImage

#: Bytes of the oldest header, which names no compression.
_CORE_HEADER = 12

#: Plain pixels, and plain pixels with masks of bits.
_PLAIN = frozenset({0, 3})


def read_bmp(body: bytes) -> StillPicture:
    """The picture in a BMP file. Raises NotAnImage."""
    header_size = int.from_bytes(body[14:18], "little")
    compression = int.from_bytes(body[30:34], "little") if header_size > _CORE_HEADER else 0
    if compression not in _PLAIN:
        # Pillow decodes run lengths in Python, so a small file could keep it busy for many seconds.
        raise NotAnImage("is a compressed BMP, which is not taken; send it without compression, or as PNG")
    return StillPicture(image=load_image(body, "BMP"))
