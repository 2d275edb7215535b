"""Read the first picture of an AVIF file."""

from __future__ import annotations

import re

from PIL import AvifImagePlugin

from core.pictures.cicp import build_cicp_profile
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
    profile = opened.info.get("icc_profile")
    warnings = (ANIMATED,) if getattr(opened, "is_animated", False) else ()
    if profile is None and (numbers := _COLOUR.search(body, 0, _BOXES)):
        primaries, transfer = (int.from_bytes(number) for number in numbers.groups())
        try:
            profile = build_cicp_profile(primaries=primaries, transfer=transfer, grey=opened.mode == "L")
        except ValueError:
            warnings = (*warnings, "has broken colour numbers, which are ignored")
    # The file's own turns and mirrors stand here. EXIF's does not count beside them (ISO/IEC 23008-12, 6.5.10).
    orientation = read_orientation(opened.info.get("exif", b""))
    return StillPicture(image=opened, orientation=orientation, profile=profile, warnings=warnings)


def _hide_exif(body: bytes) -> bytes:
    """The same file with EXIF under a name that no decoder knows: Pillow refuses a file for EXIF that it cannot read."""
    entry = _EXIF_ENTRY.search(body, 0, _BOXES)
    return body if entry is None else body[: entry.end() - 4] + b"skip" + body[entry.end() :]
