"""How large a picture may be, and the error for what is not taken."""

from __future__ import annotations

#: Bytes of one file.
MAX_IMAGE_BYTES = 20 * 1024 * 1024

#: Width times height: 8192 x 4096, more than a camera's 24 megapixels and 100 MB as RGB.
MAX_IMAGE_PIXELS = 2**25

#: Pixels of one side, as a JPEG can have at most. Pillow keeps a pointer for each row, and a picture of one column would need
#: more memory for them than for its pixels.
MAX_IMAGE_SIDE = 65_535

#: Bytes of a colour profile. A printer's profile with its tables has one to three million.
MAX_PROFILE_BYTES = 4 * 1024 * 1024


class NotAnImage(Exception):
    """The bytes are no image that we take. The message says why, and is written to follow the field's name."""


def check_size(width: int, height: int) -> None:
    """Raises NotAnImage for a size in pixels that is not taken."""
    if width <= 0 or height <= 0:
        raise NotAnImage("has no pixels")
    if width * height > MAX_IMAGE_PIXELS:
        raise too_many_pixels()
    if max(width, height) > MAX_IMAGE_SIDE:
        raise NotAnImage(f"has a side of more than {MAX_IMAGE_SIDE:,} pixels")


def too_many_pixels() -> NotAnImage:
    """The error for a picture of more than `MAX_IMAGE_PIXELS`."""
    return NotAnImage(f"has more than {MAX_IMAGE_PIXELS:,} pixels")


def broken(kind: str) -> NotAnImage:
    """The error for a file that is of this kind, but does not hold a picture that can be decoded."""
    return NotAnImage(f"is a broken {kind} image")
