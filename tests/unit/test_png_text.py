"""Texts in PNG files."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from core.pictures.infotext import parse_infotext
from core.pictures.png_text import find_text, put_text


def draw(**options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (200, 30, 30)).save(file, "PNG", **options)
    return file.getvalue()


@pytest.mark.parametrize("text", ["a mug\nSteps: 2", "café", "ein Krug – 水差し", ""])
def test_a_text_is_put_in_and_found(text: str) -> None:
    """Pillow reads it as well, and the pixels are the same."""
    png = put_text(draw(), "parameters", text)
    assert find_text(png, "parameters") == text
    with Image.open(io.BytesIO(png)) as image:
        assert image.info["parameters"] == text
        assert image.getpixel((0, 0)) == (200, 30, 30)


def test_other_files_are_left_alone() -> None:
    """What is no PNG stays as it is, and a PNG without the text, or cut short, has none."""
    assert put_text(b"RIFF....WEBP", "parameters", "x") == b"RIFF....WEBP"
    assert find_text(b"RIFF....WEBP", "parameters") is None
    assert find_text(draw(), "parameters") is None
    assert find_text(put_text(draw(), "parameters", "x"), "of-nobody") is None
    assert find_text(draw()[:40], "parameters") is None


def test_a_text_of_a1111_is_taken_apart() -> None:
    """Its values by their names; a prompt alone has none."""
    text = 'a mug, red\nNegative prompt: blue\nSteps: 2, Sampler: Euler a, Size: 64x64, Lora hashes: "a: 1, b: 2"'
    assert parse_infotext(text) == {
        "Prompt": "a mug, red",
        "Negative prompt": "blue",
        "Steps": "2",
        "Sampler": "Euler a",
        "Size": "64x64",
        "Lora hashes": "a: 1, b: 2",
    }
    assert parse_infotext("a mug: red")["Prompt"] == "a mug: red"
