"""The colour key and the alphas of a PNG, at every depth: what is expected follows from how the file was made."""

from __future__ import annotations

import numpy as np
import pytest

from tests.pictures import png_files
from tests.pictures.png_files import GREY, GREY_ALPHA, PALETTE, RGB, RGBA, build_chunk, build_png
from tests.pictures.seeing import show, show_rgba, warnings_of

KEYED = [(GREY, depth) for depth in (1, 2, 4, 8, 16)] + [(RGB, 8), (RGB, 16)]


@pytest.mark.parametrize("interlaced", [False, True], ids=["rows", "passes"])
@pytest.mark.parametrize(("colour_type", "depth"), KEYED)
def test_only_the_keys_colour_is_transparent(colour_type: int, depth: int, *, interlaced: bool) -> None:
    """Each of some colours as the key hides the pixels of that colour, all of them and no other, in all of its bits."""
    samples = png_files.draw(colour_type, depth)
    for key in (samples[0, 0], samples[0, -1], samples[7, 3]):
        chunk = build_chunk(b"tRNS", key.astype(">u2").tobytes())
        body = build_png(samples, colour_type=colour_type, depth=depth, interlaced=interlaced, before=[chunk])

        seen = show_rgba(body)

        assert np.array_equal(seen[:, :, 3] == 0, (samples == key).all(axis=2))
        assert np.array_equal(seen[:, :, :3], png_files.expected_rgba(samples, colour_type, depth)[:, :, :3])


@pytest.mark.parametrize("near", [(0x8000, 0x8001), (0x8000, 0x7F00), (0x00FF, 0xFF00), (0x1234, 0x1200)])
def test_a_16_bit_key_is_compared_in_both_bytes(near: tuple[int, int]) -> None:
    """A grey and a colour beside the key stay, whichever byte they share with it."""
    key, other = near
    for colour_type, channels in ((GREY, 1), (RGB, 3)):
        samples = np.full((2, 2, channels), key, np.uint16)
        samples[1, 1, -1] = other
        chunk = build_chunk(b"tRNS", np.full(channels, key, ">u2").tobytes())

        seen = show_rgba(build_png(samples, colour_type=colour_type, depth=16, before=[chunk]))

        assert seen[:, :, 3].tolist() == [[0, 0], [0, 255]]


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_bits_above_the_depth_do_not_count(depth: int) -> None:
    """A key of more bits than the samples have is taken by its low ones."""
    samples = np.array([[[0], [1]]], np.uint16)
    chunk = build_chunk(b"tRNS", (1 + (0xFF << depth) & 0xFFFF).to_bytes(2))

    assert show_rgba(build_png(samples, colour_type=GREY, depth=depth, before=[chunk]))[0, :, 3].tolist() == [255, 0]


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_the_entries_of_a_palette_have_alphas(depth: int) -> None:
    """The first entries have the alphas of the chunk, the others are opaque."""
    samples = png_files.draw(PALETTE, depth)
    alphas = bytes((0, 128, 200))[: 1 << depth]
    chunk = build_chunk(b"tRNS", alphas)

    body = build_png(samples, colour_type=PALETTE, depth=depth, before=[chunk], palette=png_files.draw_palette(depth))

    expected = np.full(256, 255)
    expected[: len(alphas)] = list(alphas)
    assert np.array_equal(show_rgba(body)[:, :, 3], expected[samples[:, :, 0]])


@pytest.mark.parametrize(
    ("colour_type", "depth", "body"),
    [
        (GREY, 8, b"\x00"),
        (GREY, 8, b"\x00\x00\x00\x00"),
        (RGB, 8, b"\x00\x00"),
        (PALETTE, 1, bytes(3)),
        (PALETTE, 4, b""),
        (GREY_ALPHA, 8, b"\x00\x00"),
        (RGBA, 8, bytes(6)),
    ],
)
def test_a_chunk_that_does_not_fit_is_ignored(colour_type: int, depth: int, body: bytes) -> None:
    """Broken transparency changes nothing, and the warning says so."""
    samples = png_files.draw(colour_type, depth)
    palette = png_files.draw_palette(depth) if colour_type == PALETTE else b""
    plain = build_png(samples, colour_type=colour_type, depth=depth, palette=palette)
    broken = build_png(
        samples, colour_type=colour_type, depth=depth, palette=palette, before=[build_chunk(b"tRNS", body)]
    )

    assert np.array_equal(show_rgba(broken), show_rgba(plain))
    assert warnings_of(broken) == ("has broken transparency, which is ignored",)


def test_a_wrong_checksum_of_the_transparency_is_warned_of() -> None:
    """What a damaged tRNS chunk would hide is seen, and the warning says so."""
    samples = png_files.draw(GREY, 8)
    damaged = build_chunk(b"tRNS", b"\0\0", crc=1)
    body = build_png(samples, colour_type=GREY, depth=8, before=[damaged])

    assert show(body).mode == "L"
    assert warnings_of(body) == ("has broken transparency, which is ignored",)


def test_what_hides_nothing_leaves_no_alpha() -> None:
    """A key whose colour is nowhere, and an alpha that is full everywhere, are not stored."""
    samples = np.full((4, 4, 1), 7, np.uint16)
    keyed = build_png(samples, colour_type=GREY, depth=8, before=[build_chunk(b"tRNS", b"\0\x09")])
    full = build_png(np.full((4, 4, 4), 255, np.uint16), colour_type=RGBA, depth=8)

    assert (show(keyed).mode, show(full).mode) == ("L", "RGB")
