"""The targets of the engine, and whether a run met them."""

from __future__ import annotations

from bench.figures import paired_ratio, percentile
from bench.markdown import Outcome
from bench.render.results import ClosedCell, OpenCell, Results

GAIN = 1.5
P99_SHARE = 0.6
OVERHEAD = 0.03

_ENGINE = "engine"
_ENGINE_ONE = "engine-one"
_AT_GAIN = 8


def judge_targets(results: Results) -> list[Outcome]:
    """The targets that can be judged from the run's cells."""
    outcomes = [_judge_gain(results), _judge_p99(results)]
    outcomes += [
        _judge_overhead(results, load, name) for load in ("uniform", "mixed") for name in (_ENGINE, _ENGINE_ONE)
    ]
    return [outcome for outcome in outcomes if outcome is not None]


def _judge_gain(results: Results) -> Outcome | None:
    ours = results.find_closed(_ENGINE, "mixed", _AT_GAIN)
    others = [cell for note in results.systems if not note.ours if (cell := results.find_closed(note.name, "mixed", 8))]
    if ours is None or not others:
        return None
    ratios = {cell.system: paired_ratio(_speeds(ours), _speeds(cell)) for cell in others}
    best = min(ratios, key=lambda name: ratios[name].median)
    ratio = ratios[best]
    cpu = paired_ratio(_cpu(next(cell for cell in others if cell.system == best)), _cpu(ours))
    return Outcome(
        target=f"images/s at concurrency {_AT_GAIN}, mixed, ≥ {GAIN} × the best of the others",
        measured=f"{ratio.median:.2f} × {results.note(best).title} "
        f"(quartiles {ratio.lower_quartile:.2f} to {ratio.upper_quartile:.2f}); images for the same CPU time: "
        f"{cpu.median:.2f} ×",
        is_met=ratio.median >= GAIN,
    )


def _judge_p99(results: Results) -> Outcome | None:
    ours = results.find_open(_ENGINE, 1.0)
    others = [cell for note in results.systems if note.static_batching if (cell := results.find_open(note.name, 1.0))]
    if ours is None or not others:
        return None
    best = min(others, key=_p99)
    share = _p99(ours) / _p99(best)
    return Outcome(
        target=f"p99 at 1.0 × the best static batching's capacity, ≤ {P99_SHARE} × the best static batching",
        measured=f"{share:.2f} × {results.note(best.system).title} ({_p99(ours):.2f} s beside {_p99(best):.2f} s)",
        is_met=share <= P99_SHARE,
    )


def _judge_overhead(results: Results, load: str, engine: str) -> Outcome | None:
    ours = results.find_closed(engine, load, 1)
    loop = results.find_closed("loop", load, 1)
    if ours is None or loop is None:
        return None
    ratio = paired_ratio(_speeds(loop), _speeds(ours))
    return Outcome(
        target=f"one job at a time, {load}, {results.note(engine).title}: ≤ {OVERHEAD:.0%} slower than the pipeline alone",
        measured=f"{ratio.median - 1:+.1%} time (quartiles {ratio.lower_quartile - 1:+.1%} to "
        f"{ratio.upper_quartile - 1:+.1%})",
        is_met=ratio.median - 1 <= OVERHEAD,
    )


def _speeds(cell: ClosedCell) -> list[float]:
    return [one.images_per_second for one in cell.rounds]


def _cpu(cell: ClosedCell) -> list[float]:
    return [one.cpu_ms_per_image for one in cell.rounds]


def _p99(cell: OpenCell) -> float:
    return percentile([latency for one in cell.rounds for latency in one.latencies], 99)
