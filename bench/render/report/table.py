"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bench.figures import percentile, spread
from bench.markdown import say_spread, write_circumstances, write_rows, write_targets
from bench.render.report.targets import judge_targets
from bench.render.results import ClosedCell, OpenCell, Results, Round


def write_table(results: Results) -> str:
    """The whole page: targets first, then every cell, then what was run and where."""
    parts = [
        "# The render engine beside the other ways to serve a pipeline",
        "Written by `make bench`; `docs/benchmarks.md` explains how to read it.",
        *write_targets(judge_targets(results)),
        *(part for load in ("mixed", "uniform") for part in _write_closed(results, load)),
        *_write_open(results),
        *_write_parity(results),
        *_write_systems(results),
        *write_circumstances(results.machine, results.settings, seconds=results.seconds),
    ]
    return "\n\n".join(parts) + "\n"


def _write_closed(results: Results, load: str) -> Iterable[str]:
    cells = [cell for cell in results.closed if cell.load == load]
    if not cells:
        return
    yield f"## Closed loop, {load} load"
    yield (
        f"Images a second: median of {len(cells[0].rounds)} interleaved rounds, quartiles in brackets. Every system "
        "renders the same jobs in the same order, from the first sent to the last answered."
    )
    concurrencies = sorted({cell.concurrency for cell in cells})
    yield _by_concurrency(results, cells, concurrencies, "clients:", _say_speed)
    yield "Latency p50 / p99 in seconds, of all rounds together."
    yield _by_concurrency(results, cells, concurrencies, "clients:", _say_latency)
    yield "CPU milliseconds for each image, of the whole process tree: median, quartiles in brackets."
    yield _by_concurrency(results, cells, concurrencies, "clients:", _say_cpu)


def _by_concurrency(
    results: Results,
    cells: Sequence[ClosedCell],
    concurrencies: Sequence[int],
    corner: str,
    say: Callable[[Sequence[Round]], str],
) -> str:
    rows = []
    for note in results.systems:
        own = {cell.concurrency: cell for cell in cells if cell.system == note.name}
        rows.append([f"({note.letter}) {note.title}", *(say(own[n].rounds) if n in own else "" for n in concurrencies)])
    return write_rows([corner, *map(str, concurrencies)], rows)


def _write_open(results: Results) -> Iterable[str]:
    if not results.open:
        return
    yield "## Open loop, mixed load"
    yield (
        "Poisson arrivals, the same moments for every system, at shares of the capacity of the best static batching "
        "(b, d) in the closed loop above; in the last rows at the capacity of the engine itself. Latency from the "
        "moment of arrival, in seconds, of all rounds together; in brackets the lowest and highest p99 of a round."
    )
    rows = [_say_open(results, cell) for cell in sorted(results.open, key=_order_open)]
    yield write_rows(["load", "jobs/s", "system", "p50", "p99", "images/s", "CPU ms/image"], rows)


def _order_open(cell: OpenCell) -> tuple[bool, float]:
    return cell.capacity_of == "own", cell.share


def _say_open(results: Results, cell: OpenCell) -> list[str]:
    note = results.note(cell.system)
    of = "the static capacity" if cell.capacity_of == "static" else "its own capacity"
    latencies = _latencies(cell.rounds)
    by_round = [percentile(one.latencies, 99) for one in cell.rounds]
    return [
        f"{cell.share:g} × {of}",
        f"{cell.jobs_per_second:.2f}",
        f"({note.letter}) {note.title}",
        f"{percentile(latencies, 50):.2f}",
        f"{percentile(latencies, 99):.2f} ({min(by_round):.2f} to {max(by_round):.2f})",
        _say_speed(cell.rounds),
        _say_cpu(cell.rounds),
    ]


def _write_parity(results: Results) -> Iterable[str]:
    if results.parity:
        yield "## Parity"
        yield "Largest difference of any channel of any pixel, of 255, from the pipeline called alone with the same seeds."
        yield write_rows(
            ["system", "difference"],
            [[results.note(name).title, str(difference)] for name, difference in results.parity.items()],
        )


def _write_systems(results: Results) -> Iterable[str]:
    yield "## The systems"
    yield (
        "Same folder, device, torch threads, PNG encoder and seeds for all. Each runs on the OpenMP that was "
        "better for it (images/s of both in brackets)."
    )
    rows = []
    for note in results.systems:
        trials = ", ".join(f"{name} {speed:.2f}" for name, speed in note.openmp_trials.items())
        rows.append([f"({note.letter}) {note.title}", note.set_up, note.openmp + (f" ({trials})" if trials else "")])
    yield write_rows(["system", "set-up", "OpenMP"], rows)


def _say_speed(rounds: Sequence[Round]) -> str:
    return say_spread(spread([one.images_per_second for one in rounds]), ".2f")


def _say_cpu(rounds: Sequence[Round]) -> str:
    return say_spread(spread([one.cpu_ms_per_image for one in rounds]), ".0f")


def _say_latency(rounds: Sequence[Round]) -> str:
    latencies = _latencies(rounds)
    return f"{percentile(latencies, 50):.2f} / {percentile(latencies, 99):.2f}"


def _latencies(rounds: Sequence[Round]) -> list[float]:
    return [latency for one in rounds for latency in one.latencies]
