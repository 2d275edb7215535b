"""Give each system the faster OpenMP of two, found by interleaved trials."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench.render.jobs import make_jobs
from bench.render.openmp import OpenMP
from bench.render.plan import Plan
from bench.render.results import SystemNote
from bench.render.running import RunningSystem
from bench.render.systems import System
from bench.render.traffic import Traffic

_TRIALS = 3
_CONCURRENCY = 8
#: Seeds of the trials' jobs; those of the rounds count from 0.
_FIRST_SEED = -1000


def start_on_better_openmp(
    system: System, plan: Plan, *, logs: Path, running: ExitStack
) -> tuple[RunningSystem, SystemNote]:
    """Start the system on the faster OpenMP and pause it; `running` stops it when it closes. Returns it with its note.

    On a GPU OpenMP makes no difference, and only libgomp is used.
    """
    if plan.openmp is not None:
        candidates: tuple[OpenMP, ...] = (plan.openmp,)
    elif plan.setting.device != "cpu":
        candidates = ("libgomp",)
    else:
        candidates = ("libgomp", "libiomp5")

    tried = []
    for openmp in candidates:
        one = RunningSystem(system, setting=plan.setting, openmp=openmp, logs=logs)
        running.callback(one.stop)
        one.wait_until_ready()
        one.pause()
        tried.append(one)
    if len(tried) == 1:
        return tried[0], _note(system, tried[0].openmp, {})

    speeds: dict[OpenMP, list[float]] = {one.openmp: [] for one in tried}
    for trial in range(_TRIALS):
        jobs = make_jobs(
            "mixed", plan.count_jobs("mixed", 1), seed=_FIRST_SEED + trial, size=plan.size, tasks=plan.tasks
        )
        for one in tried if trial % 2 else reversed(tried):
            speeds[one.openmp].append(one.measure(Traffic(jobs, concurrency=_CONCURRENCY)).images_per_second)
    # The first trial warms up.
    medians = {openmp: round(median(values[1:]), 2) for openmp, values in speeds.items()}
    better = max(tried, key=lambda one: medians[one.openmp])
    for one in tried:
        if one is not better:
            one.stop()
    return better, _note(system, better.openmp, {str(openmp): speed for openmp, speed in medians.items()})


def _note(system: System, openmp: OpenMP, trials: dict[str, float]) -> SystemNote:
    return SystemNote(
        name=system.name,
        letter=system.letter,
        title=system.title,
        set_up=system.set_up,
        static_batching=system.static_batching,
        ours=system.ours,
        openmp=openmp,
        openmp_trials=trials,
    )
