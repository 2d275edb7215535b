"""Contact sheets: where everything stands, that nothing covers anything, and what is drawn."""

from __future__ import annotations

import io
from itertools import product
from typing import Any

import pytest
from PIL import Image

from worker.sheets.draw_sheet import draw_sheet
from worker.sheets.sheet_plan import GAP, MARGIN, Cell, SheetPlan, plan_sheet
from worker.sheets.typeface import Typeface

_LONG = "a hand-thrown stoneware mug with a reactive blue glaze on a linen cloth beside a window, " * 12

#: Axes, and the sides of the pictures.
_SWEEPS: dict[str, tuple[dict[str, list[Any]], tuple[int, int]]] = {
    "24 cells": ({"prompt": ["a", "b", "c", _LONG], "style": ["x", "y", "z"], "seed": [7, 8]}, (128, 128)),
    "styles": ({"prompt": ["a", _LONG], "style": ["packshot-on-white", "icon", "sketch-to-render"]}, (128, 128)),
    "100 cells": ({"prompt": [f"p{i}" for i in range(10)], "seed": [*range(10)]}, (1024, 1024)),
    "500 cells": ({"prompt": [f"p{i}" for i in range(25)], "seed": [*range(20)]}, (1024, 768)),
    "a ribbon": ({"seed": [*range(60)]}, (512, 512)),
    "a tower": ({"prompt": [f"{_LONG}{i}" for i in range(40)]}, (512, 768)),
    "wide": ({"prompt": ["a"], "guidance_scale": [1.0, 2.0, 3.0], "steps": [1, 2], "seed": [1, 2, 3]}, (1536, 512)),
    "one": ({"prompt": ["a"]}, (64, 64)),
    "lists": ({"loras": [[{"id": "a"}], [{"id": "b"}]], "seed": [1, 2]}, (64, 96)),
}


def _cells(name: str) -> list[Cell]:
    axes, (width, height) = _SWEEPS[name]
    return [
        Cell(dict(zip(axes, values, strict=True)), "succeeded", width=width, height=height)
        for values in product(*axes.values())
    ]


def _draw(plan: SheetPlan, pictures: list[bytes | None]) -> Image.Image:
    file = io.BytesIO()
    draw_sheet(plan, pictures, file)
    return Image.open(file).convert("RGB")


def _encode(size: tuple[int, int], colour: tuple[int, int, int], format_: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, format_)
    return file.getvalue()


@pytest.mark.parametrize("name", _SWEEPS)
def test_every_cell_has_a_place_of_its_own(name: str) -> None:
    """Inside the sheet, without touching another one; and the sheet stays of a size that can be opened anywhere."""
    cells = _cells(name)
    plan = plan_sheet("A sweep", cells, {"model": "m"})

    corners = set(plan.corners)
    assert len(corners) == len(cells)
    for x, y in corners:
        assert MARGIN <= x <= plan.width - MARGIN - plan.box[0]
        assert MARGIN <= y <= plan.height - plan.box[1]
    for (x, y), (other_x, other_y) in product(corners, corners):
        assert (
            (x, y) == (other_x, other_y)
            or abs(x - other_x) >= plan.box[0] + GAP
            or abs(y - other_y) >= plan.box[1] + GAP
        )
    assert plan.width <= 3_200
    assert plan.width * plan.height <= 16_000_000


@pytest.mark.parametrize("name", _SWEEPS)
def test_no_line_runs_into_a_picture_or_off_the_sheet(name: str) -> None:
    """Labels end before the boxes, however long they are."""
    plan = plan_sheet("A title that is " + "very " * 80 + "long", _cells(name), {"model": "m", "prompt": _LONG})

    for line in plan.lines:
        text = Typeface(line.size)
        left, right, top, bottom = line.x, line.x + text.measure(line.text), line.y, line.y + line.size
        assert right <= plan.width - MARGIN + 1, line
        for x, y in plan.corners:
            is_beside = right <= x + 1 or left >= x + plan.box[0]
            assert is_beside or bottom <= y or top >= y + plan.box[1], (line, (x, y))


def test_each_picture_is_at_its_labels() -> None:
    """The cell of the second prompt and the third seed is where that row and that column meet."""
    cells = [Cell({"prompt": p, "seed": s}, "succeeded", width=64, height=64) for p in "ab" for s in (1, 2, 3)]
    plan = plan_sheet("t", cells, {})
    corner = plan.corners[5]

    [heading] = [line for line in plan.lines if line.text == "seed 3"]
    [label] = [line for line in plan.lines if line.text == "b"]
    assert heading.x == corner[0]
    assert label.y == corner[1]
    drawn = _draw(plan, [_encode((64, 64), (index * 40, 0, 200)) for index in range(6)])
    assert drawn.getpixel((corner[0] + plan.box[0] // 2, corner[1] + plan.box[1] // 2)) == (200, 0, 200)


def test_styles_stand_side_by_side_if_nothing_else_does() -> None:
    """So that a prompt's pictures can be compared."""
    cells = [Cell({"prompt": p, "style": s}, "succeeded", width=64, height=64) for p in "ab" for s in ("x", "y", "z")]

    plan = plan_sheet("t", cells, {})

    assert {corner[1] for corner in plan.corners[:3]} == {plan.corners[0][1]}
    [heading] = [line for line in plan.lines if line.text == "style z"]
    assert heading.x == plan.corners[2][0]


def test_pictures_keep_their_proportions() -> None:
    """A wide one and a tall one are in the middle of their boxes, with paper beside them; a small one is not blown up."""
    sizes = [(400, 200), (200, 400), (32, 32)]
    cells = [Cell({"seed": n}, "succeeded", width=w, height=h) for n, (w, h) in enumerate(sizes)]
    plan = plan_sheet("t", cells, {})
    drawn = _draw(
        plan, [_encode(size, (10, 20, 30), kind) for size, kind in zip(sizes, ("PNG", "PNG", "WEBP"), strict=True)]
    )

    seen = []
    for corner in plan.corners:
        box = drawn.crop((*corner, corner[0] + plan.box[0], corner[1] + plan.box[1]))
        ink = box.convert("L").point(lambda level: 255 if level < 100 else 0).getbbox()
        assert ink is not None
        seen.append((ink[2] - ink[0], ink[3] - ink[1]))
    assert seen == [(256, 128), (128, 256), (64, 64)]


def test_what_has_no_picture_says_why() -> None:
    """A failed job's box is red with its reason, a cancelled one's grey."""
    cells = [Cell({"seed": 1}, "failed", "out_of_memory"), Cell({"seed": 2}, "cancelled")]
    plan = plan_sheet("t", cells, {})
    drawn = _draw(plan, [None, None])

    boxes = [drawn.crop((x, y, x + plan.box[0], y + plan.box[1])) for x, y in plan.corners]
    assert [box.getpixel((2, 2)) for box in boxes] == [(0xFB, 0xE9, 0xE7), (0xF1, 0xF1, 0xF1)]
    assert all(len(box.getcolors(100_000) or []) > 2 for box in boxes), "nothing is written in a box"


def test_long_text_ends_in_an_ellipsis() -> None:
    """After as many lines as there are, none of them wider; a word that is too wide is broken, and nothing is lost before the end."""
    text = Typeface(15)
    lines = text.wrap(_LONG, width=200, at_most=3)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert all(text.measure(line) <= 200 for line in lines)
    assert _LONG.startswith(" ".join(lines)[:-1])
    word = "Donaudampfschifffahrtsgesellschaftskapitän"
    assert "".join(text.wrap(word, width=120, at_most=9)) == word
    assert text.wrap("  two\n words ", width=200, at_most=1) == ["two words"]


@pytest.mark.parametrize("written", ["красная кружка", "κόκκινη κούπα", "große Tässchen", "كوب أحمر", "café ☕"])
def test_scripts_are_drawn_with_letters(written: str) -> None:
    """None of their characters is the box for what a font lacks."""
    text = Typeface(15)
    [font, missing] = text._fonts[0], text._missing[0]
    assert all(bytes(font.getmask(character)) != missing for character in written if not character.isspace())
