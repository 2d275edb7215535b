"""Parse the JSON of a body. What it may cost is bounded before it is parsed: by its length without the pictures in it, and
by the number of its values.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from api.body_strings import find_strings
from core.errors import FieldError, InvalidRequest
from core.pictures.picture_text import PictureText

#: Bytes of a body without the pictures in it.
MAX_BODY_BYTES = 1024 * 1024

#: Values of a body, those in lists and objects included; a request has one or two hundred. Checking them takes far longer
#: than reading them.
MOST_VALUES = 4_096

#: Names in one object; the largest that a request has are itself, with some 60, and its metadata, with 32.
MOST_NAMES = 256

#: Digits of an integer; the largest that anything takes has 19.
_MOST_DIGITS = 100


@dataclass(frozen=True)
class _TakenApart:
    """A body whose pictures are taken out, so that they are neither parsed nor copied together with the rest."""

    #: The JSON with a short string in the place of each picture.
    rest: bytearray
    #: The pictures' texts, by what stands in their places. Nobody can guess those.
    pictures: dict[str, PictureText]


def parse_json(data: bytes | bytearray | memoryview, *, picture_fields: Collection[str] = ()) -> Any:
    """The value of a body. What these fields of its outermost object hold is a PictureText if it may be a picture: a view of
    `data`, which nobody may change after this.

    A picture is a string of at least 1 KiB in the characters of data URIs and base64. NaN and infinities pass here, so
    that validation can name the field that holds them. Raises RequestEntityTooLarge, InvalidRequest and BadRequest.
    """
    body = _take_apart(memoryview(data))
    try:
        value = json.loads(body.rest.decode("utf-8"), object_pairs_hook=_build_object, parse_int=_parse_integer)
        return _put_back(value, body.pictures, picture_fields) if body.pictures else value
    except (ValueError, RecursionError) as error:
        # With pictures taken out, the position that the parser names is not the body's.
        reason = error.msg if isinstance(error, json.JSONDecodeError) and body.pictures else error
        raise BadRequest(f"The body is not valid JSON: {reason}") from None


def _take_apart(data: memoryview) -> _TakenApart:
    if len(data) <= MOST_VALUES:
        # Too short for too many values, as nearly every request is.
        return _TakenApart(bytearray(data), {})
    rest, outside, pictures = bytearray(), bytearray(), {}
    mark = secrets.token_hex(16)
    done = 0
    for number, string in enumerate(find_strings(data)):
        if number > 2 * MOST_VALUES:
            raise _too_many_values()
        # Measured before it is copied.
        _check_length(len(rest) + (string.start if string.picture else string.end) - done)
        outside += data[done : string.start]
        rest += data[done : string.start]
        if string.picture is None:
            rest += data[string.start : string.end]
        else:
            name = f"{mark}{number}"
            pictures[name] = string.picture
            rest += f'"{name}"'.encode()
        done = string.end
    _check_length(len(rest) + len(data) - done)
    outside += data[done:]
    rest += data[done:]
    # Every value is the first of a list or an object, or has a comma before it.
    if outside.count(b",") + outside.count(b"[") + outside.count(b"{") > MOST_VALUES:
        raise _too_many_values()
    return _TakenApart(rest, pictures)


def _check_length(length: int) -> None:
    if length > MAX_BODY_BYTES:
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


def _put_back(value: Any, pictures: dict[str, PictureText], picture_fields: Collection[str] = ()) -> Any:
    if isinstance(value, str):
        return str(pictures.get(value, value))
    if isinstance(value, dict):
        return {
            name: pictures[each]
            if name in picture_fields and isinstance(each, str) and each in pictures
            else _put_back(each, pictures)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_put_back(each, pictures) for each in value]
    return value
