"""The results as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.figures import Spread
from bench.queue.parts.fair import ALONE, FAIR, FIRST_COME
from bench.queue.report.names import title_of
from bench.queue.results import Cell, Results

_INCHES = (14, 9)
#: Colours that people with any colour vision tell apart (Okabe and Ito).
_OURS, _PEERS = "#D55E00", "#56B4E9"
_LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_POLICY_COLOURS = {ALONE: "#000000", FAIR: "#D55E00", FIRST_COME: "#56B4E9"}
_BARS_WIDTH = 0.8


def draw_plot(results: Results, path: Path) -> None:
    """Rates of jobs and submits, hand-offs, claims and sweeps against the queue's length, and the light account's waits."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(2, 3, figsize=_INCHES, layout="constrained")
    _draw_bars(panels[0][0], "No-op jobs a second", [(title_of(c.system), c) for c in results.list_cells("noop")])
    submits = [(f"{title_of(cell.system)}\n({cell.load})", cell) for cell in results.list_cells("submit")]
    _draw_bars(panels[0][1], "Submits a second", submits)
    _draw_distributions(panels[0][2], results)
    _draw_lines(panels[1][0], "A claim: p50 (dashed) and p99", results.list_cells("claim"), unit=" accounts")
    _draw_lines(panels[1][1], "A sweep: p50 (dashed) and p99", results.list_cells("sweep"), unit="")
    _draw_waits(panels[1][2], results)
    figure.suptitle(
        f"The queue on {results.machine['processor']}, {results.machine['cores']} cores, "
        f"{results.settings['rounds']} interleaved rounds"
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _draw_bars(panel: Any, title: str, bars: list[tuple[str, Cell]]) -> None:
    if not bars:
        panel.set_axis_off()
        return
    for place, (_, cell) in enumerate(bars):
        figure = cell.spread()
        colour = _OURS if cell.system.startswith("ours") else _PEERS
        panel.barh(place, figure.median, xerr=_error(figure), color=colour, capsize=3)
        panel.text(figure.upper_quartile, place, f" {figure.median:.0f}", va="center")
    panel.set_yticks(range(len(bars)), [title.replace(", ", ",\n", 1).replace(": ", ":\n", 1) for title, _ in bars])
    panel.invert_yaxis()
    panel.margins(x=0.15)
    panel.set(title=title, xlabel="median, quartiles")
    panel.grid(alpha=0.3, axis="x")


def _error(figure: Spread) -> list[list[float]]:
    return [[figure.median - figure.lower_quartile], [figure.upper_quartile - figure.median]]


def _draw_distributions(panel: Any, results: Results) -> None:
    cells = results.list_cells("handoff")
    if not cells:
        panel.set_axis_off()
        return
    for cell, colour in zip(cells, _LINES, strict=False):
        values = sorted(cell.values)
        shares = [(place + 1) / len(values) for place in range(len(values))]
        words = {"rung": ", ring in the worker", "claimed": ", claimed"}.get(cell.load, "")
        panel.plot(values, shares, label=title_of(cell.system) + words, color=colour)
    panel.set_xscale("log")
    panel.set(title="From ring to claim", xlabel="milliseconds", ylabel="share of hand-offs")
    panel.legend(frameon=False, fontsize="small")
    panel.grid(alpha=0.3)


def _draw_lines(panel: Any, title: str, cells: list[Cell], *, unit: str) -> None:
    if not cells:
        panel.set_axis_off()
        return
    for system, colour in zip(dict.fromkeys(cell.system for cell in cells), _LINES, strict=False):
        own = sorted((cell for cell in cells if cell.system == system), key=lambda cell: int(cell.load))
        rows = [int(cell.load) for cell in own]
        panel.plot(rows, [cell.percentile(50) for cell in own], color=colour, linestyle="--", marker="o")
        panel.plot(rows, [cell.percentile(99) for cell in own], color=colour, marker="o", label=f"{system}{unit}")
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set(title=title, xlabel="queued rows", ylabel="milliseconds")
    panel.legend(frameon=False, fontsize="small")
    panel.grid(alpha=0.3)


def _draw_waits(panel: Any, results: Results) -> None:
    cells = results.list_cells("fair wait")
    if not cells:
        panel.set_axis_off()
        return
    scenarios = list(dict.fromkeys(cell.load for cell in cells))
    width = _BARS_WIDTH / len(_POLICY_COLOURS)
    for place, (policy, colour) in enumerate(_POLICY_COLOURS.items()):
        heights = [cell.percentile(99) for load in scenarios if (cell := results.find("fair wait", policy, load))]
        panel.bar(
            [index + (place - 1) * width for index in range(len(heights))], heights, width, label=policy, color=colour
        )
    panel.set_xticks(range(len(scenarios)), scenarios)
    panel.set(title="A light account beside a heavy one", ylabel="p99 wait for a worker, seconds")
    panel.legend(frameon=False, fontsize="small")
    panel.grid(alpha=0.3, axis="y")
