"""The results as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.figures import percentile, spread
from bench.render.results import Results

#: Colours that people with any colour vision tell apart (Okabe and Ito).
_COLOURS = {
    "loop": "#000000",
    "static": "#0072B2",
    "engine": "#D55E00",
    "engine-one": "#F0E442",
    "engine-http": "#E69F00",
    "litserve": "#56B4E9",
    "litserve-grouped": "#009E73",
    "bentoml": "#999999",
    "bentoml-grouped": "#CC79A7",
}
_INCHES = (13, 9)
_BARS_WIDTH = 0.8


def draw_plot(results: Results, path: Path) -> None:
    """Images a second against clients for each load, p99 against arrivals, and CPU time for each image."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(2, 2, figsize=_INCHES, layout="constrained")
    for panel, load in zip(panels[0], ("mixed", "uniform"), strict=True):
        _draw_speeds(panel, results, load)
    _draw_p99(panels[1][0], results)
    _draw_cpu(panels[1][1], results)
    handles: dict[str, Any] = {}
    for panel in figure.axes:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, frameon=False)
    figure.suptitle(
        f"{Path(results.settings['model']).parent.name}, {results.settings['image side']} px, "
        f"{results.machine['processor']}, {results.settings['threads']} threads, "
        f"{results.settings['rounds']} interleaved rounds"
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _draw_speeds(panel: Any, results: Results, load: str) -> None:
    cells = [cell for cell in results.closed if cell.load == load]
    if not cells:
        panel.set_axis_off()
        return
    concurrencies = sorted({cell.concurrency for cell in cells})
    for note in results.systems:
        own = sorted((cell for cell in cells if cell.system == note.name), key=lambda cell: cell.concurrency)
        figures = [spread([one.images_per_second for one in cell.rounds]) for cell in own]
        if not own:
            continue
        panel.errorbar(
            [concurrencies.index(cell.concurrency) for cell in own],
            [figure.median for figure in figures],
            yerr=[
                [figure.median - figure.lower_quartile for figure in figures],
                [figure.upper_quartile - figure.median for figure in figures],
            ],
            label=note.title,
            color=_COLOURS.get(note.name),
            marker="o",
            capsize=3,
            linewidth=2.5 if note.ours else 1.5,
            linestyle="--" if note.name == "engine-http" else "-",
        )
    panel.set_xticks(range(len(concurrencies)), [str(number) for number in concurrencies])
    panel.set_ylim(bottom=0)
    panel.set(title=f"Closed loop, {load} load", xlabel="clients", ylabel="images a second (median, quartiles)")
    panel.grid(alpha=0.3)


def _draw_p99(panel: Any, results: Results) -> None:
    cells = [cell for cell in results.open if cell.capacity_of == "static"]
    if not cells:
        panel.set_axis_off()
        return
    shares = sorted({cell.share for cell in cells})
    names = [note for note in results.systems if any(cell.system == note.name for cell in cells)]
    width = _BARS_WIDTH / max(len(names), 1)
    for place, note in enumerate(names):
        heights = [
            percentile([latency for one in cell.rounds for latency in one.latencies], 99)
            for share in shares
            if (cell := results.find_open(note.name, share))
        ]
        panel.bar(
            [index + (place - (len(names) - 1) / 2) * width for index in range(len(heights))],
            heights,
            width * 0.92,
            label=note.title,
            color=_COLOURS.get(note.name),
        )
    panel.set_xticks(range(len(shares)), [f"{share:g} ×" for share in shares])
    panel.set(
        title="Open loop, mixed load",
        xlabel="Poisson arrivals, of the best static batching's capacity",
        ylabel="p99 latency in seconds",
    )
    panel.grid(alpha=0.3, axis="y")


def _draw_cpu(panel: Any, results: Results) -> None:
    cells = [cell for cell in results.closed if cell.load == "mixed"]
    if not cells:
        panel.set_axis_off()
        return
    concurrency = min((cell.concurrency for cell in cells), key=lambda number: abs(number - 8))
    for place, (note, cell) in enumerate(
        (note, cell) for note in results.systems if (cell := results.find_closed(note.name, "mixed", concurrency))
    ):
        figure = spread([one.cpu_ms_per_image for one in cell.rounds])
        panel.barh(place, figure.median, color=_COLOURS.get(note.name))
        panel.text(figure.median, place, f" {figure.median:.0f}", va="center")
    labels = [note.title for note in results.systems if results.find_closed(note.name, "mixed", concurrency)]
    panel.set_yticks(range(len(labels)), labels)
    panel.invert_yaxis()
    panel.margins(x=0.12)
    panel.set(title=f"CPU time, mixed load, {concurrency} clients", xlabel="CPU milliseconds for each image (median)")
    panel.grid(alpha=0.3, axis="x")
