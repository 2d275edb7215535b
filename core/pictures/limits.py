"""How large a picture may be, and the error for what is not taken."""

from __future__ import annotations

#: Bytes of one file.
MAX_IMAGE_BYTES = 20 * 1024 * 1024

#: Width times height: 8192 x 4096, more than a camera's 24 megapixels and 100 MB as RGB.
MAX_IMAGE_PIXELS = 2**25


class NotAnImage(Exception):
    """The bytes are no image that we take. The message says why, and is written to follow the field's name."""
