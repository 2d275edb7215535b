"""`python -m bench.sheets [FOLDER]`: draw contact sheets of several shapes, print what each costs, and keep them in a folder.

"ms late" is by how much another thread of the process was late at its work, as one that delivers webhooks would be: in 99 of 100 times,
and at the most.
"""

from __future__ import annotations

import argparse
import io
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageDraw

from worker.sheets.draw_sheet import draw_sheet
from worker.sheets.sheet_plan import Cell, plan_sheet

_PROMPTS = [
    "a large red mug on a yellow background",
    (
        "product photo of a hand-thrown stoneware mug with a reactive blue glaze, on a linen cloth beside a window, soft morning light, "
        "85 mm lens, shallow depth of field, no text, no hands, muted colours, catalogue quality, high detail, natural shadows, plain wall"
    ),
    "eine große rote Tasse auf gelbem Grund; большая красная кружка; μια μεγάλη κόκκινη κούπα; كوب أحمر كبير",
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenhalterung in watercolour",
]


#: One of so many jobs ends like this.
_FAILED = 11
_CANCELLED = 13


_EVERY_SECONDS = 0.005


class _Sheet(NamedTuple):
    """A sheet to draw: its axes, and the sides of its pictures in pixels."""

    name: str
    axes: dict[str, list[Any]]
    sides: list[tuple[int, int]]


_SHEETS = [
    _Sheet(
        "24 cells", {"prompt": _PROMPTS, "style": ["packshot", "watercolour", "line-art"], "seed": [7, 8]}, [(512, 512)]
    ),
    _Sheet(
        "100 cells",
        {"prompt": [f"{text} ({number})" for number in range(5) for text in _PROMPTS[:2]], "seed": [*range(1, 11)]},
        [(1024, 1024)],
    ),
    _Sheet(
        "mixed sizes",
        {"prompt": _PROMPTS[:3], "guidance_scale": [1.0, 2.5, 7.5], "scheduler": ["ddim", "dpmpp_2m"], "seed": [1, 2]},
        [(768, 512), (512, 768), (1216, 832)],
    ),
    _Sheet("seeds alone", {"seed": [*range(4_000_000_000, 4_000_000_024)]}, [(1280, 720)]),
    _Sheet("prompts alone", {"prompt": [f"{text} {number}" for number in range(6) for text in _PROMPTS]}, [(640, 640)]),
    _Sheet("tiny pictures", {"prompt": _PROMPTS[:2], "num_inference_steps": [4, 8, 12]}, [(128, 128)]),
]


def main() -> None:
    """Draw them all."""
    parser = argparse.ArgumentParser(prog="python -m bench.sheets", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="keep the sheets here")
    folder = parser.parse_args().folder
    print(
        f"{'sheet':<15} {'pixels':>12} {'KiB':>7} {'seconds':>8} {'of a CPU':>8} {'MiB more':>9} {'ms late, p99':>13} {'most':>6}"
    )
    for sheet in _SHEETS:
        _draw(sheet, folder)


def _draw(sheet: _Sheet, folder: Path | None) -> None:
    values = [dict(zip(sheet.axes, cell, strict=True)) for cell in product(*sheet.axes.values())]
    cells = [_end(number, cell, sheet.sides[number % len(sheet.sides)]) for number, cell in enumerate(values)]
    encoded = {size: _encode(size) for size in sheet.sides}
    before, started_at, cpu = _peak_mib(), time.monotonic(), time.thread_time()
    with _another_thread() as late:
        plan = plan_sheet(f"Bench: {sheet.name}", cells, {"model": "picturebook"})
        file = io.BytesIO()
        draw_sheet(plan, _list_pictures(cells, encoded), file)
    seconds = time.monotonic() - started_at
    cpu = time.thread_time() - cpu
    late.sort()
    print(
        f"{sheet.name:<15} {f'{plan.width}x{plan.height}':>12} {len(file.getvalue()) // 1024:>7,} {seconds:>8.2f} {cpu:>8.2f} "
        f"{_peak_mib() - before:>9.0f} {late[len(late) * 99 // 100] * 1000:>13.1f} {late[-1] * 1000:>6.1f}"
    )
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{sheet.name.replace(' ', '-')}.png").write_bytes(file.getvalue())


@contextmanager
def _another_thread() -> Iterator[list[float]]:
    """Something else that the process does every five milliseconds, and by how many seconds it was late each time."""
    late = [0.0]
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            before = time.monotonic()
            time.sleep(_EVERY_SECONDS)
            late.append(time.monotonic() - before - _EVERY_SECONDS)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield late
    finally:
        stop.set()
        thread.join()


def _end(number: int, values: dict[str, Any], size: tuple[int, int]) -> Cell:
    """Most have succeeded."""
    if number % _FAILED == 1:
        return Cell(values, "failed", "out_of_memory")
    if number % _CANCELLED == 1:
        return Cell(values, "cancelled")
    return Cell(values, "succeeded", width=size[0], height=size[1])


def _list_pictures(cells: list[Cell], encoded: dict[tuple[int, int], bytes]) -> Iterator[bytes | None]:
    for cell in cells:
        yield encoded[cell.width, cell.height] if cell.width and cell.height else None


def _encode(size: tuple[int, int]) -> bytes:
    """A picture that is as hard to compress as a photograph."""
    image = Image.effect_noise(size, 30).convert("RGB")
    drawing = ImageDraw.Draw(image, "RGBA")
    width, height = size
    drawing.ellipse((width // 5, height // 5, width * 4 // 5, height * 4 // 5), fill=(190, 40, 30, 200))
    drawing.rectangle((0, height * 3 // 4, width, height), fill=(220, 190, 60, 150))
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def _peak_mib() -> float:
    """The most memory that the process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
