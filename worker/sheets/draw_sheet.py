"""Draw a contact sheet as it was planned. One picture is in memory at a time, beside the sheet itself."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache
from typing import BinaryIO

from PIL import Image, ImageDraw

from worker.sheets.sheet_plan import GAP, TEXT, Cell, SheetPlan
from worker.sheets.typeface import Typeface

_PAPER = "#ffffff"
_INK = "#1a1a1a"
_FAINT = "#666666"
_EMPTY = "#f1f1f1"
_FRAME = "#dddddd"
_FAILED = "#fbe9e7"
_FAILED_INK = "#9c2b1f"

#: zlib's fastest: a slower one makes photographs a few per cent smaller, and takes three times as long.
_COMPRESSION = 1

#: A picture is made larger than it is by this factor at most.
_MOST_ENLARGED = 2


def draw_sheet(plan: SheetPlan, pictures: Iterable[bytes | None], into: BinaryIO) -> None:
    """Writes the sheet as a PNG. `pictures` are the files of the cells' images, in the order of the cells; None: there is none."""
    sheet = Image.new("RGB", (plan.width, plan.height), _PAPER)
    drawing = ImageDraw.Draw(sheet)
    for line in plan.lines:
        colour = _FAINT if line.is_faint else _INK
        _typeface(line.size).draw(drawing, (line.x, line.y), line.text, colour=colour, is_strong=line.is_strong)
    for cell, corner, picture in zip(plan.cells, plan.corners, pictures, strict=True):
        if picture is None:
            _draw_empty(drawing, cell, corner, plan.box)
        else:
            _paste(sheet, picture, corner, plan.box)
    sheet.save(into, "PNG", compress_level=_COMPRESSION)


@cache
def _typeface(size: int) -> Typeface:
    return Typeface(size)


def _paste(sheet: Image.Image, picture: bytes, corner: tuple[int, int], box: tuple[int, int]) -> None:
    """The picture as large as its box allows, in the middle of it."""
    with Image.open(io.BytesIO(picture)) as image:
        # A JPEG is decoded at a fraction of its size.
        image.draft("RGB", (box[0] * 2, box[1] * 2))
        scale = min(box[0] / image.width, box[1] / image.height, _MOST_ENLARGED)
        size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
        # Without a copy of what is RGB already.
        whole = image if image.mode == "RGB" else image.convert("RGB")
        shown = whole.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    left, top = corner[0] + (box[0] - size[0]) // 2, corner[1] + (box[1] - size[1]) // 2
    sheet.paste(shown, (left, top))
    # Around it: a picture with a white background ends somewhere.
    ImageDraw.Draw(sheet).rectangle((left - 1, top - 1, left + size[0], top + size[1]), outline=_FRAME)


def _draw_empty(drawing: ImageDraw.ImageDraw, cell: Cell, corner: tuple[int, int], box: tuple[int, int]) -> None:
    """What became of a job that has no picture, and why."""
    has_failed = cell.status == "failed"
    (x, y), (width, height) = corner, box
    drawing.rectangle((x, y, x + width - 1, y + height - 1), fill=_FAILED if has_failed else _EMPTY)
    text = _typeface(TEXT)
    words = [cell.status if cell.status != "succeeded" else "no image", *filter(None, [cell.failure])]
    most = max((height - GAP * 2) // text.line_height, 1)
    lines = [line for each in words for line in text.wrap(each.replace("_", " "), width=width - GAP * 2, at_most=most)][
        :most
    ]
    top = y + (height - len(lines) * text.line_height) // 2
    for index, line in enumerate(lines):
        left = x + (width - text.measure(line)) / 2
        colour = _FAILED_INK if has_failed else _FAINT
        text.draw(drawing, (left, top + index * text.line_height), line, colour=colour, is_strong=index == 0)
