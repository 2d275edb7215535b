"""What comes out: a PNG of our own in every case, and nothing else of the file."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.pictures.decode_picture import decode_picture
from core.pictures.encode_png import encode_png
from tests.pictures import png_files
from tests.pictures.cases import DISPLAY_P3, draw, encode
from tests.pictures.libvips import see
from tests.pictures.png_files import RGB, build_chunk, build_png
from tests.pictures.seeing import show, show_rgba, warnings_of

FILES = Path(__file__).parent / "files"


def list_chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each chunk, with its checksum checked."""
    assert png.startswith(png_files.SIGNATURE)
    position = len(png_files.SIGNATURE)
    while position < len(png):
        length, kind = struct.unpack_from(">I4s", png, position)
        body = png[position + 8 : position + 8 + length]
        assert struct.unpack_from(">I", png, position + 8 + length) == (zlib.crc32(kind + body),)
        yield kind, body
        position += 12 + length


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (513, 1025)])
def test_our_png_holds_the_pixels_alone(mode: str, size: tuple[int, int]) -> None:
    """Both decoders read back what was encoded, at sizes around the edges of the pieces in which it is made."""
    image = Image.effect_noise(size, 90) if mode == "L" else draw(mode, 64, 64).resize(size)

    png = encode_png(image)

    kinds = [kind for kind, _ in list_chunks(png)]
    assert (kinds[0], set(kinds[1:-1]), kinds[-1]) == (b"IHDR", {b"IDAT"}, b"IEND")
    with Image.open(io.BytesIO(png)) as read:
        assert read.mode == mode
        assert read.tobytes() == image.tobytes()
    assert np.array_equal(see(png), np.asarray(image.convert("RGBA")))


@pytest.mark.parametrize(
    ("format_", "mode", "stored"),
    [
        *((format_, "RGB", "RGB") for format_ in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "MPO")),
        *((format_, "L", "L") for format_ in ("PNG", "JPEG", "BMP", "TIFF", "AVIF")),
        *((format_, "RGBA", "RGBA") for format_ in ("PNG", "WEBP", "TIFF", "AVIF")),
        *(("PNG", mode, stored) for mode, stored in {"1": "L", "LA": "RGBA", "P": "RGB", "I;16": "L"}.items()),
        *((format_, "CMYK", "RGB") for format_ in ("JPEG", "TIFF")),
    ],
)
def test_every_format_becomes_one_of_three_modes(format_: str, mode: str, stored: str) -> None:
    """Grey stays grey, alpha is stored if something is transparent, everything else is RGB; EXIF and profiles are gone."""
    image = draw(mode) if mode != "LA" else draw("RGBA").convert("LA")
    options = {"icc_profile": DISPLAY_P3, "exif": Image.Exif().tobytes()} if mode in {"RGB", "RGBA"} else {}

    decoded = decode_picture(encode(image, format_, **options))

    assert (decoded.width, decoded.height) == image.size
    assert {kind for kind, _ in list_chunks(decoded.png)} == {b"IHDR", b"IDAT", b"IEND"}
    with Image.open(io.BytesIO(decoded.png)) as read:
        assert (read.mode, read.size) == (stored, image.size)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_a_bmp_shows_what_was_written(mode: str) -> None:
    """libvips has no decoder of BMP, so the pixels are those that were encoded."""
    image = draw(mode)

    assert np.array_equal(show_rgba(encode(image, "BMP")), np.asarray(image.convert("RGBA")))


def test_sixteen_bits_keep_their_shades() -> None:
    """A 16-bit grey is scaled to 8 bits, not cut off, in a PNG and in a TIFF."""
    ramp = Image.fromarray(np.linspace(0, 65_535, 256 * 4).astype(np.uint16).reshape(4, 256))
    for format_ in ("PNG", "TIFF"):
        shades = np.asarray(show(encode(ramp, format_)))

        assert (shades.min(), shades.max()) == (0, 255)
        assert len(np.unique(shades)) == 256


def test_a_frame_smaller_than_its_canvas_is_surrounded_by_nothing() -> None:
    """Of an animation whose first frame covers a part, the rest is transparent."""
    gif = encode(draw("P"), "GIF")
    moved = gif[:6] + struct.pack("<HH", 50, 35) + gif[10:205] + b"," + struct.pack("<HH", 4, 3) + gif[210:]

    seen = show_rgba(moved)

    assert seen.shape == (35, 50, 4)
    assert np.array_equal(seen[3:33, 4:44], show_rgba(gif))
    assert np.count_nonzero(seen[:, :, 3]) == 40 * 30


def test_an_adobe_and_a_phones_profile_are_applied() -> None:
    """Red of both is a stronger red in sRGB, as libvips sees it too."""
    for name in ("adobe_rgb.jpg", "display_p3.jpg"):
        body = (FILES / name).read_bytes()

        assert np.abs(show_rgba(body) - see(body)).max() <= 3
        with Image.open(FILES / name) as unconverted:
            assert np.abs(show_rgba(body)[:, :, :3] - np.asarray(unconverted)).max() > 20
        assert warnings_of(body) == ()


def test_a_photograph_with_an_odd_tag_is_turned() -> None:
    """Orientation 6 of a picture of 64 x 32."""
    decoded = decode_picture((FILES / "turned_with_an_odd_tag.jpg").read_bytes())

    assert (decoded.width, decoded.height, decoded.warnings) == (32, 64, ())


@pytest.mark.parametrize(
    ("name", "key"), [("grey_4_bits_with_a_key.png", 0x7 * 17), ("grey_16_bits_with_a_key.png", 0x80)]
)
def test_the_key_of_a_mask_is_transparent(name: str, key: int) -> None:
    """The pixels of the key's grey, which are half of the picture or a part of it, and no other."""
    body = (FILES / name).read_bytes()
    seen = show_rgba(body)

    assert np.array_equal(seen, see(body))
    assert 0 < np.count_nonzero(seen[:, :, 3] == 0) < seen[:, :, 3].size
    assert set(seen[seen[:, :, 3] == 0][:, 0].tolist()) == {key}


def test_a_workflow_of_a_megabyte_is_no_reason() -> None:
    """The JSON that ComfyUI and its like write beside the pixels."""
    workflow = build_chunk(b"zTXt", b"workflow\0\0" + zlib.compress(b'{"id": 1, "type": "KSampler"},' * 42_000))
    samples = png_files.draw(RGB, 8)

    assert np.array_equal(show_rgba(build_png(samples, colour_type=RGB, depth=8, before=[workflow]))[:, :, :3], samples)
