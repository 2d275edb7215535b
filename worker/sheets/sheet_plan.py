"""Where everything of a contact sheet stands: rows are prompts and styles, columns are parameters and seeds, or
the styles where there are none of those. Pure geometry.

Many columns are laid out in bands, one below the other; a few columns with many rows in panels, side by side. So a sheet is neither a
ribbon nor a tower, and its letters are read at 100 %.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from worker.sheets.typeface import Typeface

#: Pixels.
MARGIN = 24
GAP = 8
_LABEL_WIDTH = 230
_MOST_WIDTH = 2_900
_LEAST_WIDTH = 760
_MOST_PIXELS = 16_000_000

#: The longer side of a picture, the first that fits.
_SIDES = (256, 208, 160, 128, 96)

_MOST_COLUMNS = 10
_ROWS_OF_A_PANEL = 6
_FEW_COLUMNS = 3

_ROW_AXES = ("prompt", "style")

TITLE = 24
TEXT = 15


@dataclass(frozen=True)
class Cell:
    """A job of the sweep, as it ended."""

    values: Mapping[str, Any]
    status: str
    #: Why it failed; null: it did not.
    failure: str | None = None
    #: Its picture's sides in pixels; null: it has none.
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Line:
    """A line of text, from its top left corner."""

    x: int
    y: int
    text: str
    size: int = TEXT
    is_strong: bool = False
    is_faint: bool = False


@dataclass
class SheetPlan:
    """A sheet of these pixels: its lines, and the corner of each cell's box in the order of the cells."""

    width: int
    height: int
    #: Of each box.
    box: tuple[int, int]
    cells: Sequence[Cell]
    corners: list[tuple[int, int]]
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class _Grid:
    """The rows and columns of the cells."""

    row_axes: list[str]
    column_axes: list[str]
    rows: list[dict[str, Any]]
    columns: list[dict[str, Any]]

    def find(self, cell: Cell) -> tuple[int, int]:
        row = {name: cell.values.get(name) for name in self.row_axes}
        column = {name: cell.values.get(name) for name in self.column_axes}
        return self.rows.index(row), self.columns.index(column)


def plan_sheet(title: str, cells: Sequence[Cell], fixed: Mapping[str, Any]) -> SheetPlan:
    """The plan for cells that have ended. `fixed` is what they have in common and is worth naming."""
    grid = _build_grid(cells)
    same = {name: value for name, value in cells[0].values.items() if name not in {*grid.row_axes, *grid.column_axes}}
    headings = [_head_column(column) for column in grid.columns]
    for side in _SIDES:
        plan = _lay_out(title, {**fixed, **same}, grid, headings, cells, side=side)
        if plan.width * plan.height <= _MOST_PIXELS:
            break
    return plan


def _build_grid(cells: Sequence[Cell]) -> _Grid:
    names = list(cells[0].values)
    several = [name for name in names if len({_write(cell.values.get(name)) for cell in cells}) > 1]
    row_axes = [name for name in several if name in _ROW_AXES]
    column_axes = [name for name in several if name not in _ROW_AXES]
    if not column_axes and len(row_axes) > 1:
        # Side by side, the styles of a prompt can be compared.
        row_axes, column_axes = ["prompt"], ["style"]
    return _Grid(row_axes, column_axes, _list_distinct(cells, row_axes), _list_distinct(cells, column_axes))


def _list_distinct(cells: Sequence[Cell], axes: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for cell in cells:
        values = {name: cell.values.get(name) for name in axes}
        if values not in found:
            found.append(values)
    return found


def _write(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _head_column(column: Mapping[str, Any]) -> list[str]:
    return [f"{name} {_write(value)}" for name, value in column.items()]


def _lay_out(
    title: str,
    fixed: Mapping[str, Any],
    grid: _Grid,
    headings: list[list[str]],
    cells: Sequence[Cell],
    *,
    side: int,
) -> SheetPlan:
    text = Typeface(TEXT)
    box = _find_box(cells, side)
    label_width = _LABEL_WIDTH + GAP if grid.row_axes else 0
    row_height = max(box[1], text.line_height * 2) + GAP

    bands = _cut(len(grid.columns), _choose_columns(grid))
    panel_width = label_width + max(len(band) for band in bands) * (box[0] + GAP)
    panels = _cut(len(grid.rows), _choose_rows(grid, panel_width))
    width = max(MARGIN * 2 + len(panels) * (panel_width + GAP * 2) - GAP * 2, _LEAST_WIDTH)

    lines = _head(title, fixed, cells, width=width)
    y = lines[-1].y + lines[-1].size * 2 + GAP
    corners: dict[tuple[int, int], tuple[int, int]] = {}
    for band in bands:
        wrapped = [_wrap_heading(text, headings[column], box[0]) for column in band]
        head_height = max((len(heading) for heading in wrapped), default=0) * text.line_height + (GAP // 2)
        for number, panel in enumerate(panels):
            x = MARGIN + number * (panel_width + GAP * 2)
            for place, heading in enumerate(wrapped):
                left = x + label_width + place * (box[0] + GAP)
                # At the bottom, next to the pictures.
                top = y + head_height - (GAP // 2) - len(heading) * text.line_height
                lines += [Line(left, top + index * text.line_height, line) for index, line in enumerate(heading)]
            for index, row in enumerate(panel):
                top = y + head_height + index * row_height
                lines += _label_row(text, grid.rows[row], x=x, y=top, height=row_height - GAP)
                for place, column in enumerate(band):
                    corners[row, column] = (x + label_width + place * (box[0] + GAP), top)
        y += head_height + max(len(panel) for panel in panels) * row_height + GAP
    return SheetPlan(width, y - GAP * 2 + MARGIN, box, cells, [corners[grid.find(cell)] for cell in cells], lines)


def _find_box(cells: Sequence[Cell], side: int) -> tuple[int, int]:
    """The smallest box that holds every picture, if its longer side is that long."""
    shapes = [(cell.width, cell.height) for cell in cells if cell.width and cell.height]
    widths = [round(side * min(1, width / height)) for width, height in shapes]
    heights = [round(side * min(1, height / width)) for width, height in shapes]
    return max(widths, default=side), max(heights, default=side)


def _choose_columns(grid: _Grid) -> int:
    """Columns of one band: as even as can be, and all seeds of a parameter together if they fit."""
    columns = len(grid.columns)
    if columns <= _MOST_COLUMNS:
        return max(columns, 1)
    last = grid.column_axes[-1]
    together = len({_write(column[last]) for column in grid.columns})
    even = ceil(columns / ceil(columns / _MOST_COLUMNS))
    rounded = ceil(even / together) * together
    return rounded if rounded <= _MOST_COLUMNS else even


def _choose_rows(grid: _Grid, panel_width: int) -> int:
    """Rows of one panel: all of them, unless they would make a tower."""
    rows = len(grid.rows)
    if len(grid.columns) > _FEW_COLUMNS or rows <= _ROWS_OF_A_PANEL:
        return max(rows, 1)
    fitting = max((_MOST_WIDTH - MARGIN * 2) // (panel_width + GAP * 2), 1)
    return ceil(rows / min(fitting, ceil(rows / _ROWS_OF_A_PANEL)))


def _cut(count: int, at_most: int) -> list[list[int]]:
    numbers = list(range(max(count, 1)))
    return [numbers[start : start + at_most] for start in range(0, len(numbers), at_most)]


def _wrap_heading(text: Typeface, heading: list[str], width: int) -> list[str]:
    return [line for each in heading for line in text.wrap(each, width=width, at_most=2)]


def _label_row(text: Typeface, row: Mapping[str, Any], *, x: int, y: int, height: int) -> list[Line]:
    """The style in one strong line, and as much of the prompt as there is height for."""
    most = max(height // text.line_height, 1)
    style, prompt = row.get("style"), row.get("prompt")
    lines: list[Line] = []
    if style is not None:
        shown = text.wrap(_write(style), width=_LABEL_WIDTH - GAP, at_most=1)
        lines = [Line(x, y, line, is_strong=True) for line in shown]
    if prompt is not None:
        wrapped = text.wrap(_write(prompt), width=_LABEL_WIDTH - GAP, at_most=max(most - len(lines), 1))
        top = y + len(lines) * text.line_height
        lines += [Line(x, top + index * text.line_height, line) for index, line in enumerate(wrapped)]
    return lines


def _head(title: str, fixed: Mapping[str, Any], cells: Sequence[Cell], *, width: int) -> list[Line]:
    """The title, how the jobs ended, and what all cells have in common."""
    large, text = Typeface(TITLE), Typeface(TEXT)
    inner = width - MARGIN * 2
    y = MARGIN
    lines = []
    for line in large.wrap(title, width=inner, at_most=2):
        lines.append(Line(MARGIN, y, line, size=TITLE, is_strong=True))
        y += large.line_height
    y += GAP // 2
    ends = Counter(cell.status for cell in cells)
    parts = [f"{len(cells)} jobs: " + ", ".join(f"{count} {status}" for status, count in ends.items())]
    prompt = fixed.get("prompt")
    parts += [f"{name} {_write(value)}" for name, value in fixed.items() if name != "prompt"]
    for line in text.wrap(" · ".join(parts), width=inner, at_most=2):
        lines.append(Line(MARGIN, y, line, is_faint=True))
        y += text.line_height
    for line in text.wrap(_write(prompt), width=inner, at_most=2) if prompt is not None else []:
        lines.append(Line(MARGIN, y, line))
        y += text.line_height
    return lines
