"""The letters of contact sheets: DejaVu Sans, which is beside this file, and for scripts that it lacks what the machine has."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

from PIL import ImageFont
from PIL.ImageDraw import ImageDraw

_OWN = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"

#: Where Debian puts fonts with Chinese, Japanese and Korean.
_OTHERS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
)

#: A character that no font has: its picture is the box for what is missing.
_NOBODYS = "\U000e0fff"

_ELLIPSIS = "…"

#: How much wider the strokes of strong text are, in pixels.
_STRONG = 0.5


class Typeface:
    """Text of one size, in pixels."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.line_height = round(size * 1.35)
        self._fonts = [ImageFont.truetype(str(path), size) for path in _list_files()]
        self._missing = [bytes(font.getmask(_NOBODYS)) for font in self._fonts]
        self._fitting: dict[str, int] = {}

    def measure(self, text: str) -> float:
        """The width of a line, in pixels."""
        return sum(self._fonts[font].getlength(run) for font, run in self._split(text))

    def draw(
        self, drawing: ImageDraw, xy: tuple[float, float], text: str, *, colour: str, is_strong: bool = False
    ) -> None:
        """Draws a line whose top left corner is there."""
        x, y = xy
        for font, run in self._split(text):
            drawing.text(
                (x, y + self.size),
                run,
                font=self._fonts[font],
                fill=colour,
                anchor="ls",
                stroke_width=_STRONG if is_strong else 0,
            )
            x += self._fonts[font].getlength(run)

    def wrap(self, text: str, *, width: float, at_most: int) -> list[str]:
        """The text in lines that are not wider, and no more of them than that: what does not fit ends in an ellipsis."""
        lines: list[str] = []
        rest = " ".join(text.split())
        while rest and len(lines) < at_most:
            line = self._take_line(rest, width)
            rest = rest[len(line) :].lstrip()
            lines.append(line.rstrip())
        if rest and lines:
            lines[-1] = self._shorten(lines[-1], width)
        return lines

    def _take_line(self, text: str, width: float) -> str:
        """As many words as fit; a word that is too wide, or text without blanks, is broken anywhere."""
        fits = self._count_fitting(text, width)
        if fits == len(text):
            return text
        blank = text.rfind(" ", 0, fits + 1)
        return text[:blank] if blank > fits // 2 else text[: max(fits, 1)]

    def _count_fitting(self, text: str, width: float) -> int:
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.measure(text[:middle]) <= width else (low, middle - 1)
        return low

    def _shorten(self, line: str, width: float) -> str:
        while line and self.measure(line + _ELLIPSIS) > width:
            line = line[:-1]
        return line.rstrip() + _ELLIPSIS

    def _split(self, text: str) -> Iterator[tuple[int, str]]:
        """The text in runs, each with the font that has its characters. Marks go with the letter before them."""
        fonts: list[int] = []
        for character in text:
            is_mark = unicodedata.category(character)[0] == "M"
            fonts.append(fonts[-1] if is_mark and fonts else self._find_font(character))
        for font, run in groupby(zip(fonts, text, strict=True), key=lambda pair: pair[0]):
            yield font, "".join(character for _, character in run)

    def _find_font(self, character: str) -> int:
        if character not in self._fitting:
            fitting = (
                number
                for number, font in enumerate(self._fonts)
                if character.isspace() or bytes(font.getmask(character)) != self._missing[number]
            )
            self._fitting[character] = next(fitting, 0)
        return self._fitting[character]


@cache
def _list_files() -> list[Path]:
    return [_OWN, *(path for path in map(Path, _OTHERS) if path.is_file())]
