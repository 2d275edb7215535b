"""The report of a run: a table and a plot."""

from __future__ import annotations

from pathlib import Path

from bench.render.report.plot import draw_plot
from bench.render.report.table import write_table
from bench.render.results import Results


def write_report(results: Results, folder: Path) -> None:
    """Write `results.md` and `results.png` to the folder."""
    (folder / "results.md").write_text(write_table(results), encoding="utf-8")
    draw_plot(results, folder / "results.png")
