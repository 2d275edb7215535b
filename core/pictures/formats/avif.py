"""Read the first picture of an AVIF file."""

from __future__ import annotations

import re

from PIL import AvifImagePlugin, Image

from core.pictures.cicp import Colours, read_cicp
from core.pictures.formats.still import ANIMATED, StillPicture, open_image
from core.pictures.orientation import read_orientation

#: One thread: the decoder would start one for each core, each with memory of its own.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

#: An entry for an item of EXIF (ISO/IEC 14496-12, 8.11.6): version 2 or 3, flags, the item's id, its protection, its type.
_EXIF_ENTRY = re.compile(rb"infe(?:\x02...(?:..)|\x03...(?:....))\0\0Exif", re.DOTALL)

#: A colour box by numbers (ISO/IEC 14496-12, 12.1.5): primaries, transfer, matrix, and whether the range is full.
_COLOUR = re.compile(rb"colrnclx(..)(..)..[\x00\x80]", re.DOTALL)

#: Bytes at the start of a file in which its boxes are looked for, before its pixels.
_BOXES = 1024 * 1024


def read_avif(body: bytes) -> StillPicture:
    """The first picture in an AVIF file. Raises NotAnImage, and what Pillow raises."""
    opened = open_image(_hide_exif(body), "AVIF")
    opened.load()
    colours = _read_colours(opened, body)
    return StillPicture(
        image=opened,
        # The file's own turns and mirrors stand here. EXIF's does not count beside them (ISO/IEC 23008-12, 6.5.10).
        orientation=read_orientation(opened.info.get("exif", b"")),
        profile=colours.profile,
        warnings=(*colours.warnings, *((ANIMATED,) if getattr(opened, "is_animated", False) else ())),
    )


def _read_colours(opened: Image.Image, body: bytes) -> Colours:
    profile = opened.info.get("icc_profile")
    numbers = _COLOUR.search(body, 0, _BOXES)
    if profile is not None or numbers is None:
        return Colours(profile)
    primaries, transfer = (int.from_bytes(number) for number in numbers.groups())
    try:
        return read_cicp(primaries=primaries, transfer=transfer, grey=opened.mode == "L")
    except ValueError:
        return Colours(None, ("has broken colour numbers, which are ignored",))


def _hide_exif(body: bytes) -> bytes:
    """The same file with EXIF under a name that no decoder knows: Pillow refuses a file for EXIF that it cannot read."""
    entry = _EXIF_ENTRY.search(body, 0, _BOXES)
    return body if entry is None else body[: entry.end() - 4] + b"skip" + body[entry.end() :]
