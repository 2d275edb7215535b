"""Read the bytes out of a picture that came as text: a `data:` URI, or base64 alone. Pure functions."""

from __future__ import annotations

import base64
import binascii
import re

from core.pictures.limits import MAX_IMAGE_BYTES, NotAnImage
from core.pictures.picture_text import PictureText

#: `data:`, a media type (`image/…`, none, or what browsers write for a file whose type they do not know), parameters such as
#: `charset=utf-8`, and `base64` as the last of them.
_HEAD = re.compile(
    r"data:(?:image/[\w.+-]*|application/octet-stream)?(?:;[\w.+-]+=[\w.+%-]*)*;base64", re.IGNORECASE | re.ASCII
)

#: Characters within which the head has to end.
_LONGEST_HEAD = 200

#: How base64 alone begins. An artifact's id is shorter, and an address has a colon.
_BARE_LETTERS = 80
_BARE_BASE64 = re.compile(rf"[A-Za-z0-9+/_\s-]{{{_BARE_LETTERS}}}", re.ASCII)

#: Text and white space of a file of this many bytes: base64 wrapped at 60 columns or more.
_LONGEST_TEXT = MAX_IMAGE_BYTES * 4 // 3 * 31 // 30 + 1024

#: The alphabet for addresses is read as the ordinary one.
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_WHITE_SPACE = b" \t\r\n\f\v"

#: Characters decoded at a time, so that no second copy of a picture is made on the way.
_WINDOW = 64 * 1024

_MOST_PADDING = 2


def find_picture(source: str | PictureText) -> PictureText | None:
    """The picture that an image field holds itself, well or badly written; None if the field names one."""
    text = source if isinstance(source, PictureText) else PictureText.of(source)
    beginning = text.read_beginning(_BARE_LETTERS)
    is_picture = beginning[:5].lower() == "data:" or _BARE_BASE64.match(beginning)
    return text if is_picture else None


def read_picture_text(text: str) -> bytes:
    """The bytes of `data:image/png;base64,…`, of the same with another image type, none, or parameters, or of base64 alone.

    White space, the alphabet for addresses (`-_`) and missing padding are taken; the bytes decide what the picture is.
    Raises NotAnImage for another media type or encoding, broken base64, and more than `MAX_IMAGE_BYTES`.
    """
    start = 0
    if text[:5].lower() == "data:":
        comma = text.find(",", 0, _LONGEST_HEAD)
        if comma < 0 or _HEAD.fullmatch(text, 0, comma) is None:
            raise NotAnImage("must start with data:image/png;base64, or the same with another image type")
        start = comma + 1
    check_length(text)
    try:
        body = _decode(text, start)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise NotAnImage("holds broken base64") from error
    if len(body) > MAX_IMAGE_BYTES:
        raise _too_long()
    return body


def check_length(text: str | PictureText) -> None:
    """Raises NotAnImage for text that is longer than any picture's."""
    if len(text) > _LONGEST_TEXT:
        raise _too_long()


def _decode(text: str, start: int) -> bytes:
    decoded: list[bytes] = []
    carried, padding = b"", b""
    for position in range(start, len(text), _WINDOW):
        letters = text[position : position + _WINDOW].encode("ascii").translate(_TO_STANDARD, _WHITE_SPACE)
        if not padding:
            stripped = letters.rstrip(b"=")
            carried, padding = carried + stripped, letters[len(stripped) :]
        else:
            padding += letters
        if b"=" in carried:
            raise binascii.Error("padding stands between letters")
        whole = len(carried) // 4 * 4
        decoded.append(base64.b64decode(carried[:whole], validate=True))
        carried = carried[whole:]
    if padding.strip(b"=") or len(padding) > _MOST_PADDING:
        raise binascii.Error("something stands behind the padding")
    decoded.append(base64.b64decode(carried + b"=" * (-len(carried) % 4), validate=True))
    return b"".join(decoded)


def _too_long() -> NotAnImage:
    return NotAnImage(f"is longer than {MAX_IMAGE_BYTES // 1024**2} MiB")
