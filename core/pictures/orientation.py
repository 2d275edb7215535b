"""How a picture has to be turned: the one thing of EXIF that is needed, so nothing else of it is read."""

from __future__ import annotations

import struct

from PIL import Image

_ORIENTATION = 0x0112

#: By the type of an EXIF value, the format of its first number: byte, short, long.
_NUMBERS = {1: "B", 3: "H", 4: "I"}

#: Entries of a directory that are looked at; cameras write less than 100.
_MOST_ENTRIES = 1000

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_orientation(exif: bytes | memoryview) -> int:
    """The orientation in an EXIF block, 1 to 8; 1 if it has none that can be read.

    The block is a TIFF file (Exif 2.32, section 4.5.2), with or without `Exif` and two zeros before it.
    """
    block = bytes(exif[6:]) if bytes(exif[:6]) == b"Exif\0\0" else bytes(exif)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", block, 4)
        (entries,) = struct.unpack_from(f"{order}H", block, directory)
        for entry in range(directory + 2, directory + 2 + 12 * min(entries, _MOST_ENTRIES), 12):
            tag, type_ = struct.unpack_from(f"{order}HH", block, entry)
            if tag == _ORIENTATION and type_ in _NUMBERS:
                (value,) = struct.unpack_from(f"{order}{_NUMBERS[type_]}", block, entry + 8)
                return value if value in _TURNS else 1
    except struct.error:
        # The block ends before the tag.
        return 1
    return 1


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture as it was meant to be seen."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)
