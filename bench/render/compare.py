"""The run: every system is started once, then measured cell by cell, interleaved, round after round."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.figures import spread
from bench.machine import describe_machine
from bench.render.choose_openmp import start_on_better_openmp
from bench.render.jobs import make_jobs
from bench.render.parity import largest_difference
from bench.render.plan import Plan
from bench.render.results import ClosedCell, OpenCell, Results, Round
from bench.render.running import Measurement, RunningSystem
from bench.render.traffic import Traffic, poisson_arrivals

#: Seed of the warm-up's jobs; those of the rounds count from 0.
_WARM_UP = -1
_WARM_UP_CONCURRENCY = 8


def compare(plan: Plan, *, logs: Path, say: Callable[[str], None]) -> Results:
    """Run the plan. Raises RuntimeError if a system does not start or loses a job."""
    begin = time.monotonic()
    results = Results(machine=describe_machine(), settings=_build_settings(plan))
    with _started(plan, results, logs=logs, say=say) as systems:
        _warm_up_and_compare_pixels(plan, systems, results, say)
        for number in range(plan.rounds):
            say(f"closed loop, round {number + 1} of {plan.rounds} ({time.monotonic() - begin:.0f} s so far)")
            _measure_closed_loop(plan, systems, results, number)
        for number in range(plan.rounds if plan.rates else 0):
            say(f"open loop, round {number + 1} of {plan.rounds} ({time.monotonic() - begin:.0f} s so far)")
            _measure_open_loop(plan, systems, results, number)
    results.seconds = time.monotonic() - begin
    return results


@contextmanager
def _started(plan: Plan, results: Results, *, logs: Path, say: Callable[[str], None]) -> Iterator[list[RunningSystem]]:
    with ExitStack() as running:
        systems = []
        for system in plan.systems:
            one, note = start_on_better_openmp(system, plan, logs=logs, running=running)
            say(f"{system.name} is up on {one.openmp} {note.openmp_trials or ''}")
            systems.append(one)
            results.systems.append(note)
        yield systems


def _warm_up_and_compare_pixels(
    plan: Plan, systems: Sequence[RunningSystem], results: Results, say: Callable[[str], None]
) -> None:
    jobs = make_jobs(
        "mixed", plan.count_jobs("mixed", _WARM_UP_CONCURRENCY), seed=_WARM_UP, size=plan.size, tasks=plan.tasks
    )
    pngs = {
        one.system.name: [served.png for served in one.measure(Traffic(jobs, concurrency=_WARM_UP_CONCURRENCY)).served]
        for one in systems
    }
    if "loop" in pngs:
        results.parity = {name: largest_difference(images, pngs["loop"]) for name, images in pngs.items()}
        say(f"largest difference of a pixel from the pipeline alone, of 255: {results.parity}")


def _measure_closed_loop(plan: Plan, systems: Sequence[RunningSystem], results: Results, number: int) -> None:
    for load in plan.loads:
        for concurrency in plan.concurrencies:
            jobs = make_jobs(
                load,
                plan.count_jobs(load, concurrency),
                seed=number * 1000 + concurrency,
                size=plan.size,
                tasks=plan.tasks,
            )
            for one in _shuffled(systems, f"{load} {concurrency} {number}"):
                if not plan.is_measured(one.system, concurrency):
                    continue
                measured = one.measure(Traffic(jobs, concurrency=concurrency))
                cell = results.find_closed(one.system.name, load, concurrency)
                if cell is None:
                    cell = ClosedCell(one.system.name, load, concurrency)
                    results.closed.append(cell)
                cell.rounds.append(_to_round(measured))


def _measure_open_loop(plan: Plan, systems: Sequence[RunningSystem], results: Results, number: int) -> None:
    static = max(
        (_capacity(results, one.name) for one in plan.systems if one.static_batching),
        default=max(_capacity(results, one.name) for one in plan.systems),
    )
    measured = [one for one in systems if one.system in plan.open_loop_systems]
    for share in plan.rates:
        for one in _shuffled(measured, f"open {share} {number}"):
            _measure_arrivals(plan, one, results, OpenCell(one.system.name, share, "static", share * static), number)
    for one in measured:
        if one.system.ours:
            capacity = _capacity(results, one.system.name)
            _measure_arrivals(plan, one, results, OpenCell(one.system.name, 1.0, "own", capacity), number)


def _measure_arrivals(plan: Plan, one: RunningSystem, results: Results, cell: OpenCell, number: int) -> None:
    known = results.find_open(cell.system, cell.share, cell.capacity_of)
    if known is None:
        results.open.append(cell)
        known = cell
    seed = number * 1000 + round(cell.share * 100)
    traffic = Traffic(
        make_jobs("mixed", plan.open_loop_jobs, seed=-seed - 2, size=plan.size, tasks=plan.tasks),
        arrivals=poisson_arrivals(plan.open_loop_jobs, rate=known.jobs_per_second, seed=seed),
    )
    known.rounds.append(_to_round(one.measure(traffic)))


def _capacity(results: Results, system: str) -> float:
    """Images a second of the mixed load, at the system's best concurrency."""
    return max(
        (
            spread([one.images_per_second for one in cell.rounds]).median
            for cell in results.closed
            if cell.system == system and cell.load == "mixed"
        ),
        default=0.0,
    )


def _shuffled(systems: Sequence[RunningSystem], seed: str) -> list[RunningSystem]:
    return random.Random(seed).sample(systems, len(systems))


def _to_round(measured: Measurement) -> Round:
    return Round(
        images_per_second=measured.images_per_second,
        cpu_ms_per_image=measured.cpu_ms_per_image,
        latencies=measured.latencies,
    )


def _build_settings(plan: Plan) -> dict[str, str]:
    setting = plan.setting
    return {
        "model": str(setting.model),
        "device": setting.device,
        "threads": str(setting.threads),
        "image side": str(plan.size),
        "most jobs of a static batch": str(setting.max_batch),
        "rounds": str(plan.rounds),
        "jobs of an open loop's round": str(plan.open_loop_jobs),
        "tasks of the mixed load": ", ".join(plan.tasks),
    }
