"""The first picture of a file, decoded by Pillow, before its colours and its orientation are applied."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageFile

from core.pictures.limits import check_size, too_many_pixels

#: The warning for a file with more than one picture.
ANIMATED = "is animated; its first picture is used"


@dataclass(frozen=True)
class StillPicture:
    """What a file shows, and what it says about it."""

    image: Image.Image
    #: 1 to 8, as EXIF numbers them.
    orientation: int = 1
    #: An ICC profile; None for sRGB, and for a file that does not say.
    profile: bytes | None = None
    #: Sentences that follow the field's name.
    warnings: tuple[str, ...] = ()


def open_image(body: bytes, format_: str) -> ImageFile.ImageFile:
    """The picture in a file of Pillow's `format_`, not decoded yet. Raises NotAnImage for its size, and what Pillow raises."""
    with warnings.catch_warnings():
        # Pillow warns of what it ignores; whether pixels come out is all that counts.
        warnings.simplefilter("ignore")
        try:
            opened = Image.open(io.BytesIO(body), formats=[format_])
        except Image.DecompressionBombError as error:
            raise too_many_pixels() from error
    check_size(opened.width, opened.height)
    return opened


def load_image(body: bytes, format_: str) -> Image.Image:
    """The decoded picture in a file of Pillow's `format_`. Raises NotAnImage for its size, and what Pillow raises."""
    opened = open_image(body, format_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opened.load()
    return opened
