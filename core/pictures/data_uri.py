"""Read the bytes out of a `data:` URI. Pure functions."""

from __future__ import annotations

import base64
import binascii
import re

from core.pictures.limits import MAX_IMAGE_BYTES, NotAnImage

_HEAD = re.compile(r"data:(?P<media_type>[^;,]*)(?P<is_base64>;base64)?", re.IGNORECASE)

MEDIA_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})

#: Characters within which the head has to end.
_LONGEST_HEAD = 60


def is_data_uri(text: str) -> bool:
    """Whether the text starts like a data URI."""
    return text[:5].lower() == "data:"


def read_data_uri(text: str) -> bytes:
    """The bytes of `data:image/png;base64,…` (or jpeg, or webp).

    Raises NotAnImage for another media type or encoding, broken base64, and more than `MAX_IMAGE_BYTES`.
    """
    comma = text.find(",", 0, _LONGEST_HEAD)
    head = _HEAD.fullmatch(text, 0, comma) if comma > 0 else None
    if head is None or head["is_base64"] is None or head["media_type"].lower() not in MEDIA_TYPES:
        raise NotAnImage("must start with data:image/png;base64, or the same with jpeg or webp")
    encoded = len(text) - comma - 1
    if encoded // 4 * 3 > MAX_IMAGE_BYTES + 2:
        raise _too_long()
    try:
        body = base64.b64decode(memoryview(text.encode("ascii"))[comma + 1 :], validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise NotAnImage("holds broken base64") from error
    if len(body) > MAX_IMAGE_BYTES:
        raise _too_long()
    return body


def _too_long() -> NotAnImage:
    return NotAnImage(f"is longer than {MAX_IMAGE_BYTES // 1024**2} MiB")
