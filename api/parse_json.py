"""Parse the JSON of a body. What it may cost is bounded before it is parsed: by its length without the pictures in it, and
by the number of its values.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from core.errors import FieldError, InvalidRequest

#: Bytes of a body without the pictures in it.
MAX_BODY_BYTES = 1024 * 1024

#: Values of a body, those in lists and objects included; a request has one or two hundred. Checking them takes far longer
#: than reading them.
MOST_VALUES = 4_096

#: Names in one object; the largest that a request has are itself, with some 60, and its metadata, with 32.
MOST_NAMES = 256

#: Digits of an integer; the largest that anything takes has 19.
_MOST_DIGITS = 100

#: Bytes; a shorter string is no picture, since such could be sent by the million.
_SHORTEST_PICTURE = 1024

#: The rest of a string that has a backslash in it, from its opening quote.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)

_IS_NAME = re.compile(rb"[ \t\r\n]*:")

#: What data URIs and base64 consist of, white space included.
_PICTURE_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_:;,.% \t\r\n"

#: Bytes of a string that are looked at in one go.
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True)
class _TakenApart:
    """A body whose pictures are taken out, so that they are neither parsed nor copied together with the rest."""

    #: The JSON with a short string in the place of each picture.
    rest: bytearray
    #: The pictures' texts, by what stands in their places. Nobody can guess those.
    pictures: dict[str, str]


def parse_json(data: bytearray) -> Any:
    """The value of a body. Clears `data`, so that its pictures are in memory once.

    A picture is a string of at least 1 KiB in the characters of data URIs and base64. NaN and infinities pass here, so
    that validation can name the field that holds them. Raises RequestEntityTooLarge, InvalidRequest and BadRequest.
    """
    body = _take_apart(data)
    data.clear()
    try:
        value = json.loads(body.rest.decode("utf-8"), object_pairs_hook=_build_object, parse_int=_parse_integer)
        return _put_back(value, body.pictures) if body.pictures else value
    except (ValueError, RecursionError) as error:
        # With pictures taken out, the position that the parser names is not the body's.
        reason = error.msg if isinstance(error, json.JSONDecodeError) and body.pictures else error
        raise BadRequest(f"The body is not valid JSON: {reason}") from None


def _take_apart(data: bytearray) -> _TakenApart:
    if len(data) <= MOST_VALUES:
        # Too short for too many values, as nearly every request is.
        return _TakenApart(data.copy(), {})
    rest, outside, pictures = bytearray(), bytearray(), {}
    mark = secrets.token_hex(16)
    done = 0
    with memoryview(data) as view:
        for number, (start, end) in enumerate(_find_strings(data)):
            if number > 2 * MOST_VALUES:
                raise _too_many_values()
            outside += view[done:start]
            rest += view[done:start]
            text = _read_picture(data, view, start, end)
            if text is None:
                rest += view[start:end]
            else:
                name = f"{mark}{number}"
                pictures[name] = text
                rest += f'"{name}"'.encode()
            done = end
            _check_length(rest)
        outside += view[done:]
        rest += view[done:]
    _check_length(rest)
    # Every value is the first of a list or an object, or has a comma before it.
    if outside.count(b",") + outside.count(b"[") + outside.count(b"{") > MOST_VALUES:
        raise _too_many_values()
    return _TakenApart(rest, pictures)


def _find_strings(data: bytearray) -> Iterator[tuple[int, int]]:
    """Where each string begins and ends, its quotes included; a string without an end is left out."""
    start = data.find(b'"')
    while start >= 0:
        end = data.find(b'"', start + 1) + 1
        if data[end - 2 : end - 1] == b"\\":
            whole = _STRING.match(data, start)
            end = 0 if whole is None else whole.end()
        if not end:
            return
        yield start, end
        start = data.find(b'"', end)


def _read_picture(data: bytearray, view: memoryview, start: int, end: int) -> str | None:
    """The text of a string that may be a picture, or None."""
    if end - start < _SHORTEST_PICTURE or _IS_NAME.match(data, end):
        return None
    if data.find(b"\\", start, end) < 0:
        with view[start + 1 : end - 1] as letters:
            return str(letters, "ascii") if _is_picture_text(letters) else None
    # Some programs write \/ for a slash and \u002B for a plus sign, and line ends are always escaped.
    try:
        text: str = json.loads(bytes(view[start:end]))
        return text if _is_picture_text(memoryview(text.encode("ascii"))) else None
    except ValueError:
        return None


def _is_picture_text(text: memoryview) -> bool:
    pieces = (text[start : start + _PIECE_BYTES] for start in range(0, len(text), _PIECE_BYTES))
    return not any(bytes(piece).translate(None, _PICTURE_ALPHABET) for piece in pieces)


def _check_length(rest: bytearray) -> None:
    if len(rest) > MAX_BODY_BYTES:
        raise RequestEntityTooLarge("The body, without the images in it, is longer than 1 MiB.")


def _too_many_values() -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"The body holds more than {MOST_VALUES:,} values.")


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_NAMES:
        raise InvalidRequest([FieldError("body", f"holds an object of more than {MOST_NAMES} fields")])
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return result


def _parse_integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number has more than {_MOST_DIGITS} digits")
    return int(digits)


def _put_back(value: Any, pictures: dict[str, str]) -> Any:
    if isinstance(value, str):
        return pictures.get(value, value)
    if isinstance(value, dict):
        return {name: _put_back(each, pictures) for name, each in value.items()}
    if isinstance(value, list):
        return [_put_back(each, pictures) for each in value]
    return value
