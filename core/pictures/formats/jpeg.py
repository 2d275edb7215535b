"""Read a JPEG file, and the first picture of an MPO, which phones write."""

from __future__ import annotations

from core.pictures.formats.jpeg_segments import read_segments
from core.pictures.formats.still import StillPicture, load_image
from core.pictures.orientation import read_orientation


def read_jpeg(body: bytes) -> StillPicture:
    """The first picture in a JPEG file. What phones put behind it are previews, depths and gain maps. Raises NotAnImage."""
    segments = read_segments(body)
    return StillPicture(
        image=load_image(segments.stripped, "JPEG"),
        orientation=read_orientation(segments.exif),
        profile=segments.join_profile(),
    )
