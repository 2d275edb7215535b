"""Pictures in a terminal, by half blocks: each character is two pixels."""

from __future__ import annotations

import io
import os
from typing import Any

from rich.console import Console
from rich.text import Text

_MOST_COLUMNS = 48
_MOST_LINES = 24


def can_preview(console: Console) -> bool:
    """Whether the terminal shows colours, and Pillow is there to read pictures."""
    if not console.is_terminal or console.color_system not in {"256", "truecolor"} or os.environ.get("NO_COLOR"):
        return False
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        return False
    return True


def draw_picture(data: bytes, columns: int) -> Text:
    """The picture as text of at most so many columns. Raises OSError if it is none."""
    from PIL import Image

    image: Any = Image.open(io.BytesIO(data)).convert("RGB")
    scale = min(min(columns, _MOST_COLUMNS) / image.width, 2 * _MOST_LINES / image.height)
    width = max(1, round(image.width * scale))
    height = max(2, 2 * round(image.height * scale / 2))
    pixels = image.resize((width, height)).load()
    text = Text(no_wrap=True)
    for y in range(0, height, 2):
        for x in range(width):
            text.append("▀", f"rgb{_write(pixels[x, y])} on rgb{_write(pixels[x, y + 1])}")
        text.append("\n")
    return text


def _write(colour: tuple[int, int, int]) -> str:
    return "({},{},{})".format(*colour)
