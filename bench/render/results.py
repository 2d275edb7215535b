"""The results of a run, round by round. Tables, plot and targets are made from these and nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Round:
    """One measurement of one cell. Latencies in seconds, in the order of the jobs."""

    images_per_second: float
    cpu_ms_per_image: float
    latencies: list[float]


@dataclass
class ClosedCell:
    """A system under a load with `concurrency` clients."""

    system: str
    load: str
    concurrency: int
    rounds: list[Round] = field(default_factory=list)


@dataclass
class OpenCell:
    """A system under Poisson arrivals of the mixed load."""

    system: str
    #: The arrivals as a share of the capacity of the best static batching (`static`) or of the system itself (`own`).
    share: float
    capacity_of: str
    jobs_per_second: float
    rounds: list[Round] = field(default_factory=list)


@dataclass(frozen=True)
class SystemNote:
    """What a reader has to know about a system's set-up."""

    name: str
    letter: str
    title: str
    set_up: str
    static_batching: bool
    ours: bool
    openmp: str
    #: Images a second with each OpenMP that was tried.
    openmp_trials: dict[str, float]


@dataclass
class Results:
    """One run."""

    machine: dict[str, str]
    settings: dict[str, str]
    systems: list[SystemNote] = field(default_factory=list)
    closed: list[ClosedCell] = field(default_factory=list)
    open: list[OpenCell] = field(default_factory=list)
    #: Largest difference of a pixel, of 255, from the pipeline alone.
    parity: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def note(self, name: str) -> SystemNote:
        """The note of this system. Raises KeyError."""
        return {system.name: system for system in self.systems}[name]

    def find_closed(self, system: str, load: str, concurrency: int) -> ClosedCell | None:
        """The cell, or None if it was not measured."""
        for cell in self.closed:
            if (cell.system, cell.load, cell.concurrency) == (system, load, concurrency):
                return cell
        return None

    def find_open(self, system: str, share: float, capacity_of: str = "static") -> OpenCell | None:
        """The cell, or None if it was not measured."""
        for cell in self.open:
            if (cell.system, cell.share, cell.capacity_of) == (system, share, capacity_of):
                return cell
        return None

    def write(self, path: Path) -> None:
        """Write the results as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
