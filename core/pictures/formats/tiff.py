"""Read the first page of a TIFF file."""

from __future__ import annotations

import struct

from core.pictures.formats.still import StillPicture, load_image
from core.pictures.formats.tiff_directory import read_directory
from core.pictures.limits import broken


def read_tiff(body: bytes) -> StillPicture:
    """The first page in a TIFF file. Raises NotAnImage, and what Pillow raises."""
    try:
        directory = read_directory(body)
    except (struct.error, KeyError) as error:
        raise broken("TIFF") from error
    return StillPicture(
        image=load_image(directory.stripped, "TIFF"),
        orientation=directory.orientation,
        profile=directory.profile,
        warnings=("has more than one page; its first one is used",) if directory.has_more else (),
    )
