"""The colours that a file means, computed here by the formulas of its specification."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from core.pictures.limits import MAX_PROFILE_BYTES
from tests.pictures import png_files
from tests.pictures.cases import ADOBE_RGB, DARK_GREY, DISPLAY_P3, SRGB, draw, encode, iccp
from tests.pictures.libvips import cmyk_profile
from tests.pictures.png_files import GREY, RGB, build_chunk, build_png
from tests.pictures.seeing import show, show_rgba, warnings_of

Floats = npt.NDArray[np.float64]

#: x and y of red, green and blue, then of D65.
P3_POINTS = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290))
SRGB_POINTS = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290))


def chrm(points: tuple[tuple[float, float], ...]) -> bytes:
    """The chunk of primaries, in which the white comes first."""
    numbers = [*points[3], *points[0], *points[1], *points[2]]
    return build_chunk(b"cHRM", struct.pack(">8I", *(round(number * 100_000) for number in numbers)))


def gama(gamma: float) -> bytes:
    """The chunk of an exponent from light to samples."""
    return build_chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000)))


def cicp(primaries: int, transfer: int, matrix: int = 0, full: int = 1) -> bytes:
    """The chunk of H.273's numbers."""
    return build_chunk(b"cICP", bytes((primaries, transfer, matrix, full)))


SRGB_CHUNK = build_chunk(b"sRGB", b"\0")


def colours(*chunks: bytes) -> bytes:
    """An 8-bit RGB picture with these chunks."""
    return build_png(png_files.draw(RGB, 8), colour_type=RGB, depth=8, before=chunks)


def to_light(signal: Floats) -> Floats:
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


def from_light(light: Floats) -> Floats:
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def matrix_of(points: tuple[tuple[float, float], ...]) -> Floats:
    """From light of these primaries to XYZ, by solving for the white."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in points]).T
    return columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3])


def expect(light_of: Callable[[Floats], Floats], points: tuple[tuple[float, float], ...] = SRGB_POINTS) -> Floats:
    """The picture of `colours` in sRGB."""
    light = light_of(png_files.draw(RGB, 8) / 255)
    return from_light(light @ (np.linalg.inv(matrix_of(SRGB_POINTS)) @ matrix_of(points)).T) * 255


def pq(signal: Floats) -> Floats:
    """SMPTE ST 2084, as a part of a white of 203 nits."""
    root = signal ** (1 / 78.84375)
    return 10_000 / 203 * (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([chrm(P3_POINTS)], expect(to_light, P3_POINTS)),
        ([gama(1 / 1.8)], expect(lambda signal: signal**1.8)),
        ([gama(1 / 2.6), chrm(P3_POINTS)], expect(lambda signal: signal**2.6, P3_POINTS)),
        ([gama(1.0)], expect(lambda signal: signal)),
        ([cicp(12, 13)], expect(to_light, P3_POINTS)),
        ([cicp(12, 8)], expect(lambda signal: signal, P3_POINTS)),
        ([cicp(1, 16)], expect(pq)),
        ([iccp(DISPLAY_P3)], expect(to_light, P3_POINTS)),
        # The first of cICP, iCCP, sRGB and gAMA with cHRM counts.
        ([cicp(12, 13), iccp(ADOBE_RGB), SRGB_CHUNK, gama(1.0)], expect(to_light, P3_POINTS)),
        ([iccp(DISPLAY_P3), SRGB_CHUNK, gama(1.0)], expect(to_light, P3_POINTS)),
        ([SRGB_CHUNK, gama(1.0), chrm(P3_POINTS)], expect(to_light)),
        ([cicp(1, 13), iccp(DISPLAY_P3)], expect(to_light)),
    ],
    ids=lambda value: "+".join(chunk[4:8].decode() for chunk in value) if isinstance(value, list) else "",
)
def test_the_chunks_of_a_png_mean_what_the_specification_says(chunks: list[bytes], expected: Floats) -> None:
    """Primaries, exponents, numbers and profiles give the colours that their formulas give."""
    difference = np.abs(show_rgba(colours(*chunks))[:, :, :3] - expected)

    assert difference.max() <= 4
    assert difference.mean() <= 0.7


def test_a_grey_png_has_its_exponent_too() -> None:
    """gAMA of a grey picture changes its greys, and it stays grey."""
    samples = png_files.draw(GREY, 8)
    body = build_png(samples, colour_type=GREY, depth=8, before=[gama(1.0)])

    assert show(body).mode == "L"
    assert np.abs(show_rgba(body)[:, :, :1] - from_light(samples / 255) * 255).max() <= 1


@pytest.mark.parametrize(
    "chunks",
    [
        [],
        [SRGB_CHUNK],
        [gama(0.45455)],
        [gama(0.45455), chrm(SRGB_POINTS)],
        [iccp(SRGB)],
        [cicp(1, 13)],
        [cicp(1, 1)],
        [cicp(2, 2)],
        [SRGB_CHUNK, gama(0.45455), chrm(SRGB_POINTS)],
    ],
    ids=lambda chunks: "+".join(chunk[4:8].decode() for chunk in chunks) or "none",
)
def test_srgb_by_any_of_its_names_changes_no_sample(chunks: list[bytes]) -> None:
    """Not even by rounding."""
    assert np.array_equal(show_rgba(colours(*chunks))[:, :, :3], png_files.draw(RGB, 8))
    assert warnings_of(colours(*chunks)) == ()


@pytest.mark.parametrize(
    ("chunk", "name"),
    [
        (gama(0), "gAMA"),
        (build_chunk(b"gAMA", b"\xff\xff\xff\xff"), "gAMA"),
        (build_chunk(b"gAMA", b"\0"), "gAMA"),
        (build_chunk(b"gAMA", b"garbage of another length"), "gAMA"),
        (build_chunk(b"gAMA", b"\0\0\xb1\x8f", crc=7), "gAMA"),
        (build_chunk(b"cHRM", bytes(32)), "cHRM"),
        (build_chunk(b"cHRM", b"\xff" * 32), "cHRM"),
        (build_chunk(b"cHRM", bytes(3)), "cHRM"),
        (chrm((P3_POINTS[0], P3_POINTS[0], P3_POINTS[2], P3_POINTS[3])), "cHRM"),
        (cicp(200, 13), "cICP"),
        (cicp(12, 200), "cICP"),
        (cicp(12, 13, matrix=1), "cICP"),
        (build_chunk(b"cICP", b""), "cICP"),
    ],
)
def test_a_broken_chunk_of_colours_is_ignored(chunk: bytes, name: str) -> None:
    """Samples stay what they are, and the warning names the chunk."""
    body = colours(chunk)

    assert np.array_equal(show_rgba(body)[:, :, :3], png_files.draw(RGB, 8))
    assert warnings_of(body) == (f"has a broken {name} chunk, which is ignored",)


def test_the_next_chunk_counts_where_one_is_broken() -> None:
    """A broken profile leaves the word to gAMA and cHRM."""
    body = colours(build_chunk(b"iCCP", b"name\0\0not deflated"), chrm(P3_POINTS))

    assert np.abs(show_rgba(body)[:, :, :3] - expect(to_light, P3_POINTS)).max() <= 4
    assert warnings_of(body) == ("has a broken colour profile, which is ignored",)


BROKEN = "has a broken colour profile, which is ignored"
PROFILES = {
    "garbage": (b"x" * 3000, BROKEN),
    "cut off": (DISPLAY_P3[:300], BROKEN),
    "empty": (b"", BROKEN),
    "one byte": (b"\0", BROKEN),
    "for grey": (DARK_GREY, "has a colour profile for GRAY pictures, which is ignored"),
    "for ink": (cmyk_profile(), "has a colour profile for CMYK pictures, which is ignored"),
    "too long": (bytes(MAX_PROFILE_BYTES + 1), "has a colour profile of more than 4 MiB, which is ignored"),
}


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_that_cannot_be_used_is_ignored_in_a_png(name: str) -> None:
    """Samples stay what they are, and the warning says why."""
    profile, warning = PROFILES[name]
    body = colours(iccp(profile))

    assert np.array_equal(show_rgba(body)[:, :, :3], png_files.draw(RGB, 8))
    assert warnings_of(body) == (warning,)


@pytest.mark.parametrize("format_", ["JPEG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("name", ["garbage", "cut off", "for grey", "for ink"])
def test_a_profile_that_cannot_be_used_is_ignored_elsewhere(format_: str, name: str) -> None:
    """The same in the other formats."""
    profile, warning = PROFILES[name]
    body = encode(draw("RGB"), format_, icc_profile=profile)

    assert np.array_equal(show_rgba(body), show_rgba(encode(draw("RGB"), format_)))
    assert warnings_of(body) == (warning,)


def test_a_profile_whose_pieces_are_missing_is_ignored() -> None:
    """A JPEG has a long profile in pieces; with one of them gone it is broken."""
    body = encode(draw("RGB"), "JPEG", icc_profile=cmyk_profile())
    start = body.index(b"\xff\xe2", body.index(b"\xff\xe2") + 2)
    end = start + 2 + int.from_bytes(body[start + 2 : start + 4])

    assert warnings_of(body[:start] + body[end:]) == (BROKEN,)


def test_a_profile_inflates_only_so_far() -> None:
    """A chunk that would become 50 MB is a profile that is too long."""
    deflate = zlib.compressobj(9)
    bomb = b"".join(deflate.compress(bytes(1_000_000)) for _ in range(50)) + deflate.flush()

    assert warnings_of(colours(build_chunk(b"iCCP", b"name\0\0" + bomb))) == (PROFILES["too long"][1],)


@pytest.mark.parametrize(("name", "profile"), [("P3", DISPLAY_P3), ("sRGB", SRGB), ("grey", DARK_GREY)])
def test_a_grey_picture_with_a_profile(name: str, profile: bytes) -> None:
    """A grey picture that was made of a colour one keeps its profile; its greys change by its curve alone."""
    body = encode(draw("L"), "TIFF", icc_profile=profile)
    samples = np.asarray(draw("L")) / 255

    expected = from_light(samples**1.5) * 255 if name == "grey" else samples * 255
    assert np.abs(show_rgba(body)[:, :, 1] - expected).max() <= 1
    assert warnings_of(body) == ()
    assert show(body).mode == "L"


def test_alpha_is_kept_beside_a_profile() -> None:
    """The colours change, the alpha does not."""
    body = encode(draw("RGBA"), "PNG", icc_profile=DISPLAY_P3)

    seen = show_rgba(body)

    assert np.array_equal(seen[:, :, 3], np.asarray(draw("RGBA"))[:, :, 3])
    assert np.abs(seen[:, :, :3] - np.asarray(draw("RGB"))).max() > 20


def test_an_hdr_picture_is_warned_of() -> None:
    """What is brighter than white cannot be kept."""
    assert warnings_of(colours(cicp(9, 16))) == ("is an HDR image; what is brighter than white is cut off",)
    assert warnings_of(colours(cicp(9, 18))) == ("is an HDR image; what is brighter than white is cut off",)


def test_ink_without_a_profile_is_converted_by_the_plain_formula() -> None:
    """No ink is white, full black is black, and the files of Adobe's programs are not shown inverted."""
    body = encode(draw("CMYK"), "TIFF")
    inks = np.asarray(draw("CMYK")).astype(int)

    expected = (255 - inks[:, :, :3]) * (255 - inks[:, :, 3:]) / 255
    assert np.abs(show_rgba(body)[:, :, :3] - expected).max() <= 1
    assert np.abs(show_rgba(encode(draw("CMYK"), "JPEG", quality=100))[:, :, :3] - expected).max() <= 4


def test_the_profile_of_a_bmp_is_applied() -> None:
    """The newest header may have one behind the pixels; the colours become those of the same PNG."""
    old = encode(draw("RGB"), "BMP")
    fields = (
        old[18:54] + bytes(16) + b"DEBM" + bytes(48) + struct.pack("<4I", 4, 124 + len(old) - 54, len(DISPLAY_P3), 0)
    )
    body = old[:10] + struct.pack("<II", 138, 124) + fields + old[54:] + DISPLAY_P3

    assert np.array_equal(show_rgba(body), show_rgba(encode(draw("RGB"), "PNG", icc_profile=DISPLAY_P3)))
    assert warnings_of(body[: -len(DISPLAY_P3)]) == (BROKEN,)
