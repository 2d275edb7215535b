"""Pictures in a terminal, by half blocks: each character is two pixels."""

from __future__ import annotations

import io
import os
from typing import Any

from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

_MOST_COLUMNS = 40
_MOST_LINES = 20


class HalfBlocks:
    """A picture as text. It is made once: a screen that is drawn again and again must not cost more than the waiting."""

    def __init__(self, segments: list[Segment], width: int) -> None:
        self._segments = segments
        self._width = width

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._segments

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self._width, self._width)


def can_preview(console: Console) -> bool:
    """Whether the terminal shows colours, and Pillow is there to read pictures."""
    if not console.is_terminal or console.color_system not in {"256", "truecolor"} or os.environ.get("NO_COLOR"):
        return False
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        return False
    return True


def draw_picture(data: bytes, columns: int) -> HalfBlocks:
    """The picture as text of at most so many columns. Raises OSError if it is none."""
    from PIL import Image

    image: Any = Image.open(io.BytesIO(data)).convert("RGB")
    scale = min(min(columns, _MOST_COLUMNS) / image.width, 2 * _MOST_LINES / image.height)
    width = max(1, round(image.width * scale))
    height = max(2, 2 * round(image.height * scale / 2))
    pixels = image.resize((width, height)).load()
    segments = []
    for y in range(0, height, 2):
        for x in range(width):
            style = Style(color=Color.from_rgb(*pixels[x, y]), bgcolor=Color.from_rgb(*pixels[x, y + 1]))
            segments.append(Segment("▀", style))
        segments.append(Segment.line())
    return HalfBlocks(segments, width)
