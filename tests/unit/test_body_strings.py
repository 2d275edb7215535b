"""The strings of a body, which is looked at in pieces of 64 KiB: nothing depends on where one of them ends."""

from __future__ import annotations

import json

import pytest

from api.body_strings import BodyString, find_strings
from api.parse_json import parse_json
from core.pictures.picture_text import PictureText

PIECE = 64 * 1024


@pytest.mark.parametrize("shift", range(14))
@pytest.mark.parametrize(
    "odd",
    [
        r"\/",
        r"\u002B",
        r"\n",
        r"\/\/\/",
        r"\u002B\u002b",
        r"\\",
        r"\"",
        r"\\\"",
        r"\\\\",
        r"\\u002B",
        r"\ud83c\udf75",
        "ü",
        r"\t",
    ],
)
def test_an_escape_may_stand_at_the_border_of_two_pieces(odd: str, shift: int) -> None:
    """The string ends where JSON says, and says what JSON says."""
    text = "A" * (PIECE - shift) + odd + "B" * PIECE + odd
    body = f'{{"image": "{text}", "next": "C"}}'.encode()

    whole = parse_json(body, picture_fields=["image"])

    assert {name: str(value) for name, value in whole.items()} == json.loads(body)
    assert isinstance(whole["image"], PictureText) == all(each not in odd for each in (r"\\", r"\"", r"\ud83c", "ü"))


@pytest.mark.parametrize("length", [*range(1020, 1026), PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
@pytest.mark.parametrize("behind", ['"', r"\\" + '"', '" :', ""])
def test_a_string_ends_at_its_quote(length: int, behind: str) -> None:
    """Whatever its length; the name of a value is no picture, and a string without a quote is none."""
    body = b'{"a": "' + b"A" * length + behind.encode()
    end = len(body) - (2 if behind == '" :' else 0)

    strings = list(find_strings(memoryview(body)))

    assert [(each.start, each.end) for each in strings] == [(1, 4), *([(6, end)] if behind else [])]
    assert [each.picture is not None for each in strings[1:]] == ([behind == '"' and length >= 1022] if behind else [])


@pytest.mark.parametrize("end", ["\\", "\\u", "\\u00", "\\\\", "", "A" * (PIECE - 2000) + "\\"])
def test_a_string_without_an_end_is_left_out(end: str) -> None:
    """Also one that stops within an escape, and none that begins in it is found."""
    assert list(find_strings(memoryview(f'["a", "{"A" * 2000}{end}'.encode()))) == [BodyString(1, 4)]


def test_only_image_fields_of_the_request_hold_pictures() -> None:
    """Elsewhere a long text is text: under other names, in lists, and deeper in the body."""
    letters = "A" * 2000
    body = {"image": letters, "prompt": letters, "list": [letters], "metadata": {"image": letters}}

    value = parse_json(json.dumps(body).encode(), picture_fields=["image"])

    assert isinstance(value["image"], PictureText)
    assert value | {"image": str(value["image"])} == body


def test_a_picture_is_a_view_of_its_body() -> None:
    """Nothing of it is copied, and its beginning can be read."""
    body = bytearray(b'{"image": "' + b"A" * 5 * PIECE + b'"}')

    picture = parse_json(body, picture_fields=["image"])["image"]

    assert (len(picture), picture.read_beginning(3)) == (5 * PIECE, "AAA")
    body[11:13] = b"BC"
    assert str(picture)[:4] == picture.read_beginning(4) == "BCAA"
