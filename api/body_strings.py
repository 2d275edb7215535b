"""Find the strings of a body, and which of them may be pictures. A body may have megabytes: it is looked at in pieces, so that
no step of it keeps the interpreter from the other threads for long.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.pictures.picture_text import PictureText

#: Bytes of a string with its quotes; a shorter one is no picture, since such could be sent by the million.
_SHORTEST_PICTURE = 1024

#: Bytes that are looked at in one go.
_PIECE_BYTES = 64 * 1024

_QUOTE = re.compile(rb'"')

#: What stands between the quotes of a string, or as much of it as there is without half an escape.
_INSIDE = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)

_IS_NAME = re.compile(rb"[ \t\r\n]*:")

#: Bytes of the longest escape, such as \u002B.
_LONGEST_ESCAPE = 6

#: What data URIs and base64 consist of, white space included.
_PICTURE_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_:;,.% \t\r\n"


@dataclass(frozen=True)
class BodyString:
    """Where a string of a body begins and ends, in bytes, its quotes included."""

    start: int
    end: int
    #: Its text, if it has at least 1 KiB, all in the characters of data URIs and base64, and is not the name of a value.
    picture: PictureText | None = None


def find_strings(body: memoryview) -> Iterator[BodyString]:
    """Every string of a JSON text; one without an end is left out."""
    start = _find_quote(body, 0)
    while start is not None:
        short = _STRING.match(body, start, start + _SHORTEST_PICTURE - 1)
        string = _read_long_string(body, start) if short is None else BodyString(start, short.end())
        if string is None:
            return
        yield string
        start = _find_quote(body, string.end)


def _find_quote(body: memoryview, start: int) -> int | None:
    for at in range(start, len(body), _PIECE_BYTES):
        quote = _QUOTE.search(body, at, at + _PIECE_BYTES)
        if quote is not None:
            return quote.start()
    return None


def _read_long_string(body: memoryview, start: int) -> BodyString | None:
    """The string that begins here and may be a picture, or None if it has no end."""
    pieces: list[bytes | memoryview] = []
    is_picture, is_escaped, is_whole = True, False, False
    end = start + 1
    while not is_whole:
        piece = bytes(body[end : end + _PIECE_BYTES])
        length, is_whole = _measure(piece)
        if length == 0 and not is_whole:
            return None
        text = piece[:length]
        letters = _read_letters(text) if is_picture else None
        if letters is None:
            is_picture = False
        else:
            is_escaped = is_escaped or letters is not text
            pieces.append(letters if letters is not text else body[end : end + length])
        end += length
    end += 1
    if not is_picture or _IS_NAME.match(body, end):
        return BodyString(start, end)
    return BodyString(start, end, PictureText(pieces if is_escaped else [body[start + 1 : end - 1]]))


def _measure(piece: bytes) -> tuple[int, bool]:
    """How many bytes of the string are in the piece, and whether it ends there."""
    quote = piece.find(b'"')
    length = len(piece) if quote < 0 else quote
    if piece.find(b"\\", 0, length) < 0:
        return length, quote >= 0
    if piece.find(b"\\\\", 0, length) >= 0 or piece[length - 1 : length + 1] == b'\\"':
        # No picture has an escaped backslash or quote.
        inside = _INSIDE.match(piece)
        length = 0 if inside is None else inside.end()
        return length, piece[length : length + 1] == b'"'
    if quote >= 0:
        return length, True
    # An escape that may have been cut begins the next piece.
    escape = piece.rfind(b"\\", max(0, length - _LONGEST_ESCAPE), length)
    return length if escape < 0 else escape, False


def _read_letters(text: bytes) -> bytes | None:
    """What a part of a string says, or None if a picture does not say it."""
    if b"\\" in text:
        # Some programs write \/ for a slash and \u002B for a plus sign, and line ends are always escaped.
        try:
            text = json.loads(b'"' + text + b'"', strict=False).encode("ascii")
        except ValueError:
            return None
    return None if text.translate(None, _PICTURE_ALPHABET) else text
