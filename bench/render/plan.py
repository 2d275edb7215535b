"""What a run measures: which systems, under which loads, how often."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.render.jobs import GUIDANCE_SCALES, STEPS, Task
from bench.render.openmp import OpenMP
from bench.render.serve.setting import Setting
from bench.render.systems import System

#: Combinations of steps and guidance for each task of the mixed load.
_COMBINATIONS = len(STEPS) * len(GUIDANCE_SCALES)
_FEWEST_UNIFORM_JOBS = 6


@dataclass(frozen=True)
class Plan:
    """Every system is measured in every cell of every round, in an order that differs each time."""

    systems: tuple[System, ...]
    loads: tuple[str, ...]
    concurrencies: tuple[int, ...]
    #: Arrivals of the open loop, as shares of the measured capacity. Empty: no open loop.
    rates: tuple[float, ...]
    rounds: int
    open_loop_jobs: int
    #: One OpenMP for all, or None to give each system the faster one.
    openmp: OpenMP | None
    tasks: tuple[Task, ...]
    #: Side of the images in pixels.
    size: int
    setting: Setting
    results: Path

    def count_jobs(self, load: str, concurrency: int) -> int:
        """Jobs of a closed-loop cell: every combination of a mixed load equally often, and several for each client."""
        if load == "uniform":
            return max(_FEWEST_UNIFORM_JOBS, 2 * concurrency)
        all_combinations = _COMBINATIONS * len(self.tasks)
        return all_combinations * max(1, -(-4 * concurrency // all_combinations))

    def is_measured(self, system: System, concurrency: int) -> bool:
        """Whether the system is measured here: one that performs the same at every concurrency is measured at few."""
        return not system.only_concurrencies or concurrency in system.only_concurrencies

    @property
    def open_loop_systems(self) -> tuple[System, ...]:
        """The systems that batch, in either way."""
        return tuple(system for system in self.systems if not system.only_concurrencies)
