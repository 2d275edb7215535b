"""Images from strangers: what is taken, what is refused and why, and how they look to a pipeline."""

from __future__ import annotations

import pytest

from core.artifacts.images import flatten, read_image
from core.jobs.request.image_size import follow_input
from core.pictures.data_uri import read_data_uri
from core.pictures.limits import MAX_IMAGE_BYTES, NotAnImage
from tests.unit.pictures import data_uri, encode, picture


def test_what_is_transparent_shows_the_background() -> None:
    """Half transparent red on white is pink, and on black dark red."""
    image = read_image(encode(picture(mode="RGBA", colour=(255, 0, 0, 128)))).image

    assert flatten(image, background="white").getpixel((0, 0)) == (255, 127, 127)
    assert flatten(image, background="black").getpixel((0, 0)) == (128, 0, 0)


def test_a_data_uri_gives_its_bytes() -> None:
    """The bytes come out as they went in, however the head is written."""
    assert read_data_uri(data_uri(b"bytes")) == b"bytes"
    assert read_data_uri(data_uri(b"bytes", "image/WebP").replace("data", "DATA")) == b"bytes"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("data:", "must start with"),
        ("data:image/png,abc", "must start with"),
        ("data:image/gif;base64,R0lG", "must start with"),
        ("data:text/html;base64,PGI+", "must start with"),
        ("data:image/png;charset=utf-8;base64,aGk=", "must start with"),
        ("data:" + "x" * 100_000, "must start with"),
        ("data:image/png;base64,aGk", "broken base64"),
        ("data:image/png;base64,aGk= ", "broken base64"),
        ("data:image/png;base64,a\ud800", "broken base64"),
        (data_uri(bytes(MAX_IMAGE_BYTES + 1)), "longer than 20 MiB"),
        ("data:image/png;base64," + "A" * 40_000_000, "longer than 20 MiB"),
    ],
    ids=lambda value: str(value)[:32],
)
def test_a_bad_data_uri_is_refused(text: str, reason: str) -> None:
    """Other types, other encodings, broken base64 and too many bytes are refused with the reason."""
    with pytest.raises(NotAnImage, match=reason) as refusal:
        read_data_uri(text)
    assert len(str(refusal.value)) < 100


def test_the_largest_file_is_taken() -> None:
    """Exactly 20 MiB pass."""
    assert len(read_data_uri(data_uri(bytes(MAX_IMAGE_BYTES)))) == MAX_IMAGE_BYTES


@pytest.mark.parametrize(
    ("size", "asked", "drawn"),
    [
        ((128, 128), (None, None), (128, 128)),
        ((130, 93), (None, None), (128, 96)),
        ((1000, 500), (None, None), (256, 128)),
        ((500, 1000), (None, None), (128, 256)),
        ((22, 10), (None, None), (24, 8)),
        ((5000, 5), (None, None), (256, 8)),
        ((100, 50), (64, None), (64, 32)),
        ((100, 50), (None, 64), (128, 64)),
        ((50, 5000), (64, None), (64, 256)),
        ((100, 50), (64, 200), (64, 200)),
    ],
)
def test_the_size_follows_the_input(
    size: tuple[int, int], asked: tuple[int | None, int | None], drawn: tuple[int, int]
) -> None:
    """What the request leaves open keeps the input's proportions, within the model's limits, in multiples of 8."""
    width, height = asked
    assert follow_input(size, width=width, height=height, largest=(256, 256), multiple=8) == drawn
