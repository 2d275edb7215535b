"""Images from strangers: what is taken, what is refused and why, and how they look to a pipeline."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from core.artifacts.images import flatten, read_image
from core.pictures.data_uri import read_data_uri
from core.pictures.limits import MAX_IMAGE_BYTES, NotAnImage
from tests.unit.pictures import data_uri, encode, picture


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and holds a few bytes of pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("format_", "media_type"), [("PNG", "png"), ("JPEG", "jpeg"), ("WEBP", "webp")])
def test_the_three_formats_are_taken(format_: str, media_type: str) -> None:
    """PNG, JPEG and WebP are read, and named by what they are."""
    read = read_image(encode(picture(64, 48), format_))

    assert (read.media_type, read.image.size) == (f"image/{media_type}", (64, 48))


def test_a_phones_photograph_with_pictures_behind_it_is_a_jpeg() -> None:
    """Of a JPEG with several pictures (MPO) the first one counts."""
    body = encode(picture(64, 48), "MPO", save_all=True, append_images=[picture(8, 8)])

    read = read_image(body)

    assert (read.media_type, read.image.size) == ("image/jpeg", (64, 48))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_becomes_rgb(mode: str) -> None:
    """Grey, palette, transparent and 16-bit pictures all reach the pipeline as RGB."""
    assert flatten(read_image(encode(picture(mode=mode, colour=0))).image, background="white").mode == "RGB"


def test_cmyk_becomes_rgb() -> None:
    """A printer's JPEG reaches the pipeline as RGB."""
    image = read_image(encode(picture(mode="CMYK", colour=(0, 255, 255, 0)), "JPEG")).image

    assert flatten(image, background="white").getpixel((5, 5))[0] > 200  # type: ignore[index]


def test_sixteen_bits_keep_their_shades() -> None:
    """A 16-bit grey is scaled to 8 bits, not cut off."""
    ramp = Image.fromarray(np.linspace(0, 65_535, 256 * 4).astype(np.uint16).reshape(4, 256))

    shades = np.asarray(flatten(read_image(encode(ramp)).image, background="white"))

    assert (shades.min(), shades.max()) == (0, 255)
    assert len(np.unique(shades)) == 256


def test_what_is_transparent_shows_the_background() -> None:
    """Half transparent red on white is pink, and on black dark red."""
    image = read_image(encode(picture(mode="RGBA", colour=(255, 0, 0, 128)))).image

    assert flatten(image, background="white").getpixel((0, 0)) == (255, 127, 127)
    assert flatten(image, background="black").getpixel((0, 0)) == (128, 0, 0)


def test_a_photograph_is_turned_upright() -> None:
    """The EXIF orientation is applied: a picture that lies on its side is as high as it was wide."""
    lying = picture(64, 48, colour="white")
    lying.paste("blue", (0, 0, 64, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise

    upright = read_image(encode(lying, exif=exif)).image

    assert upright.size == (48, 64)
    assert upright.getpixel((47, 30)) == (0, 0, 255)
    assert upright.getpixel((0, 30)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not a PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG"),
        (b"%PDF-1.7", "not a PNG"),
        (encode(picture(), "GIF"), "not a PNG"),
        (encode(picture(), "BMP"), "not a PNG"),
        (encode(picture())[:-30], "not a PNG"),
        (encode(picture(200, 200), "JPEG")[:-400], "not a PNG"),
        (encode(picture(), save_all=True, append_images=[picture(colour="blue")]), "animated"),
        (encode(picture(), "WEBP", save_all=True, append_images=[picture(colour="blue")]), "animated"),
        (png_header(8192, 4097), "33,554,432 pixels"),
        (png_header(12_000, 8_000), "33,554,432 pixels"),
        (png_header(100_000, 100_000), "33,554,432 pixels"),
    ],
    ids=lambda value: str(value)[:16],
)
def test_what_is_no_picture_is_refused(body: bytes, reason: str) -> None:
    """Other formats, broken files, animations and bombs are refused with the reason, before their pixels are decoded."""
    with pytest.raises(NotAnImage, match=reason):
        read_image(body)


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
