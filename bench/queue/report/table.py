"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.markdown import say_spread, write_circumstances, write_rows, write_targets
from bench.queue.report.names import title_of
from bench.queue.report.targets import judge_targets
from bench.queue.results import Cell, Results

_HOW_TO_READ = (
    "Written by `make bench-queue`; `docs/benchmarks.md` explains how to read it. Medians of the rounds, quartiles in "
    "brackets; percentiles over all rounds together."
)


def write_table(results: Results) -> str:
    """The whole page: targets first, then every part, then where it was run."""
    parts = [
        "# The queue beside the simplest things that could do its work",
        _HOW_TO_READ,
        f"Beside the run: {results.settings['beside the run']}.",
        *write_targets(judge_targets(results)),
        *_write_noop(results),
        *_write_handoff(results),
        *_write_claims(results),
        *_write_submits(results),
        *_write_reads(results),
        *_write_sweeps(results),
        *_write_fairness(results),
        *write_circumstances(results.machine, results.settings, seconds=results.seconds),
    ]
    return "\n\n".join(parts) + "\n"


def _write_noop(results: Results) -> Iterable[str]:
    cells = results.list_cells("noop")
    if not cells:
        return
    yield "## No-op jobs"
    yield (
        "From a queue that is full at the start to the last job recorded as done. Ours: claim, lease, artifact, usage and "
        "event rows, all of it durable; Celery: a message and a result in Redis. CPU milliseconds of each job."
    )
    parts = ("workers", "database", "broker")
    rows = [
        [title_of(cell.system), say_spread(cell.spread(), ".0f"), *(_say_cpu(results, cell, part) for part in parts)]
        for cell in cells
    ]
    yield write_rows(["", "jobs/s", *(f"CPU: {part}" for part in parts)], rows)


def _say_cpu(results: Results, cell: Cell, part: str) -> str:
    cpu = results.find("noop cpu", cell.system, part)
    return "" if cpu is None else f"{cpu.spread().median:.2f}"


def _write_handoff(results: Results) -> Iterable[str]:
    cells = results.list_cells("handoff")
    if cells:
        yield "## From ring to claim"
        yield "One at a time, in milliseconds. Ours ends with the claim's commit."
        words = {"": "", "rung": ", until the ring is in the worker", "claimed": ", until the claim"}
        rows = [[title_of(cell.system) + words[cell.load], *_say_percentiles(cell, ".2f")] for cell in cells]
        yield write_rows(["", "p50", "p99"], rows)


def _write_claims(results: Results) -> Iterable[str]:
    cells = results.list_cells("claim")
    if cells:
        yield "## A claim in a long queue"
        yield "p50 / p99 in milliseconds, the commit included, as a worker claims that has the model in memory."
        yield _write_grid(cells, "accounts", "rows")


def _write_grid(cells: Sequence[Cell], down: str, across: str) -> str:
    loads = list(dict.fromkeys(cell.load for cell in cells))
    rows = []
    for system in dict.fromkeys(cell.system for cell in cells):
        own = {cell.load: cell for cell in cells if cell.system == system}
        figures = [" / ".join(_say_percentiles(own[load], ".1f")) if load in own else "" for load in loads]
        rows.append([f"{int(system):,}" if system.isdecimal() else system, *figures])
    return write_rows([f"{down} \\ {across}", *(f"{int(load):,}" for load in loads)], rows)


def _write_submits(results: Results) -> Iterable[str]:
    if results.list_cells("submit"):
        yield "## Submits"
        yield "The same gunicorn and clients for all. CPU milliseconds of each submit."
        yield _write_loads(results, "submit", "submits/s")


def _write_reads(results: Results) -> Iterable[str]:
    if results.list_cells("read"):
        yield "## Reads"
        yield (
            "The same gunicorn and clients for all, and a submit beside them. CPU milliseconds of each answer. Ours are jobs of "
            "accounts with 50 jobs each, which the list shows, and so are the naive service's; the floor's have a row and no more."
        )
        yield _write_loads(results, "read", "answers/s")


def _write_loads(results: Results, measure: str, rate: str) -> str:
    rows = []
    for cell in results.list_cells(measure):
        latency = results.find(f"{measure} latency", cell.system, cell.load)
        cpu = [results.find(f"{measure} cpu", cell.system, f"{cell.load}, {part}") for part in ("service", "database")]
        rows.append(
            [
                f"{title_of(cell.system)} ({cell.load})",
                say_spread(cell.spread(), ".0f"),
                *(_say_percentiles(latency, ".0f") if latency else ("", "")),
                *("" if one is None else f"{one.spread().median:.2f}" for one in cpu),
            ]
        )
    return write_rows(["", rate, "p50 ms", "p99 ms", "CPU: service", "CPU: database"], rows)


def _write_sweeps(results: Results) -> Iterable[str]:
    cells = results.list_cells("sweep")
    if cells:
        yield "## A sweep"
        yield "p50 / p99 in milliseconds of the database's half; and what the queue's gauges take when they are scraped."
        yield _write_grid(cells, "finds", "queued rows")


def _write_fairness(results: Results) -> Iterable[str]:
    waits = results.list_cells("fair wait")
    if not waits:
        return
    yield "## A light account beside one 20 times as heavy"
    yield (
        "Seconds, of the light account. *Both at once*: all jobs are there at the start, the light account's behind. *Now "
        "and then*: the heavy one's are there, the light one's come one by one. A running job is never interrupted, so a "
        "job that comes to busy workers waits until one is free, however fair the order is."
    )
    rows = []
    for wait in sorted(waits, key=lambda cell: cell.load):
        turnaround = results.find("fair turnaround", wait.system, wait.load)
        throughput = results.find("fair throughput", wait.system, wait.load)
        rows.append(
            [
                f"{wait.load}, {wait.system}",
                *_say_percentiles(wait, ".2f"),
                *(_say_percentiles(turnaround, ".2f") if turnaround else ("", "")),
                "" if throughput is None else say_spread(throughput.spread(), ".1f"),
            ]
        )
    yield write_rows(["", "wait p50", "wait p99", "to the picture p50", "p99", "jobs/s of both"], rows)


def _say_percentiles(cell: Cell, digits: str) -> tuple[str, str]:
    return f"{cell.percentile(50):{digits}}", f"{cell.percentile(99):{digits}}"
