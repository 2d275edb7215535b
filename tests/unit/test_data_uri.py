"""Pictures as text: data URIs and base64 as programs write them."""

from __future__ import annotations

import base64
import textwrap
import tracemalloc

import pytest

from core.ids import format_id, new_id
from core.pictures.data_uri import find_picture, read_picture_text
from core.pictures.limits import MAX_IMAGE_BYTES, NotAnImage
from tests.unit.pictures import data_uri

#: Every letter of the alphabet is in its base64, and its length is no multiple of three.
BODY = bytes(range(256)) * 3 + b"\xfb\xff\xfe" * 3 + b"x"
BASE64 = base64.b64encode(BODY).decode()


@pytest.mark.parametrize(
    "head",
    [
        "data:image/png;base64,",
        "data:image/jpg;base64,",
        "data:image/heic;base64,",
        "data:image/svg+xml;base64,",
        "DATA:IMAGE/PNG;BASE64,",
        "data:;base64,",
        "data:image/png;charset=utf-8;base64,",
        "data:;charset=;name=a-mug.png;base64,",
        "data:image/png;name=a%20mug.png;base64,",
        "data:application/octet-stream;base64,",
        "",
    ],
)
def test_every_head_is_taken(head: str) -> None:
    """Any image type or none, with parameters or without, and base64 alone: the bytes decide."""
    assert find_picture(head + BASE64)
    assert read_picture_text(head + BASE64) == BODY


@pytest.mark.parametrize("line_end", ["\n", "\r\n", " ", "\n\n\t"])
@pytest.mark.parametrize("width", [60, 64, 76])
def test_wrapped_base64_is_taken(width: int, line_end: str) -> None:
    """White space stands anywhere: MIME wraps at 76 columns, PEM at 64."""
    wrapped = line_end.join(textwrap.wrap(BASE64, width)) + line_end

    assert find_picture(wrapped)
    assert read_picture_text(wrapped) == BODY
    assert read_picture_text("data:image/png;base64," + line_end + wrapped) == BODY


def test_the_alphabet_for_addresses_is_taken() -> None:
    """`-` and `_` stand for `+` and `/`, with padding or without it."""
    text = base64.urlsafe_b64encode(BODY).decode()

    assert {"-", "_"} <= {*text}
    assert read_picture_text(text) == BODY
    assert read_picture_text(text.rstrip("=")) == BODY


@pytest.mark.parametrize("length", [1, 2, 3, 262_143, 262_144, 262_145, 400_000])
def test_no_byte_is_lost_between_the_pieces(length: int) -> None:
    """Text is decoded piece by piece, and padding or a line end may stand at the border of two."""
    body = (BODY * (length // len(BODY) + 1))[:length]

    assert read_picture_text(data_uri(body)) == body
    assert read_picture_text("data:;base64," + "\n".join(textwrap.wrap(base64.b64encode(body).decode(), 76))) == body


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("data:", "must start with"),
        ("data:image/png,abc", "must start with"),
        ("data:text/html;base64,PGI+", "must start with"),
        ("data:text/plain;name=image/png;base64,PGI+", "must start with"),
        ("data:" + "x" * 100_000, "must start with"),
        ("data:image/png;base64,a", "broken base64"),
        ("data:image/png;base64,aGk!", "broken base64"),
        ("data:image/png;base64,a\ud800", "broken base64"),
        ("data:image/png;base64,aGk=aGk=", "broken base64"),
        ("data:image/png;base64,aGk===", "broken base64"),
        ("data:image/png;base64,aGk%3D", "broken base64"),
        ("data:image/png;base64,ümlaut", "broken base64"),
        ("data:image/png;base64," + "A" * 300_000 + "=" + "A" * 300_000, "broken base64"),
        (data_uri(bytes(MAX_IMAGE_BYTES + 1)), "longer than 20 MiB"),
        ("data:image/png;base64," + "A" * 40_000_000, "longer than 20 MiB"),
        ("A" * 40_000_000, "longer than 20 MiB"),
    ],
    ids=lambda value: str(value)[:32],
)
def test_a_bad_picture_text_is_refused(text: str, reason: str) -> None:
    """Other types, other encodings, broken base64 and too many bytes are refused with the reason."""
    with pytest.raises(NotAnImage, match=reason) as refusal:
        read_picture_text(text)
    assert len(str(refusal.value)) < 100


@pytest.mark.parametrize(
    "text",
    [
        format_id("art", new_id()),
        "https://example.com/" + "a" * 200,
        "/home/somebody/pictures/mug",
        "mug.png",
        "A" * 79,
        "a red mug, on a table " * 20,
        "",
    ],
)
def test_what_names_a_picture_is_none(text: str) -> None:
    """An artifact's id, an address and a file's name are not mistaken for base64."""
    assert find_picture(text) is None


@pytest.mark.parametrize("width", [None, 76])
def test_the_largest_file_is_taken(width: int | None) -> None:
    """Exactly 20 MiB pass, wrapped or not, and are decoded beside one copy of the bytes and not four."""
    body = bytes(MAX_IMAGE_BYTES)
    text = base64.b64encode(body).decode()
    if width is not None:
        text = "\r\n".join(text[start : start + width] for start in range(0, len(text), width))

    tracemalloc.start()
    assert read_picture_text("data:image/png;base64," + text) == body
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    # The text with its head, the decoded pieces, and the bytes that they are joined to.
    assert peak < len(text) + 2.2 * MAX_IMAGE_BYTES
