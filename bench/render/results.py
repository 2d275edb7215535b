"""What a run found, round by round. Tables, plot and targets are made from this and nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Round:
    """One system, one cell, once. Latencies in seconds, in the order of the jobs."""

    images_per_second: float
    cpu_ms_per_image: float
    latencies: list[float]


@dataclass
class ClosedCell:
    """A system under a load with so many clients."""

    system: str
    load: str
    concurrency: int
    rounds: list[Round] = field(default_factory=list)


@dataclass
class OpenCell:
    """A system under Poisson arrivals of the mixed load."""

    system: str
    #: Of the capacity of the best static batching (`static`), or of the system's own (`own`).
    share: float
    capacity_of: str
    jobs_per_second: float
    rounds: list[Round] = field(default_factory=list)


@dataclass(frozen=True)
class SystemNote:
    """What a reader has to know of a system's set-up."""

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
        """Raises KeyError."""
        return {system.name: system for system in self.systems}[name]

    def find_closed(self, system: str, load: str, concurrency: int) -> ClosedCell | None:
        """The cell, where it was measured."""
        for cell in self.closed:
            if (cell.system, cell.load, cell.concurrency) == (system, load, concurrency):
                return cell
        return None

    def find_open(self, system: str, share: float, capacity_of: str = "static") -> OpenCell | None:
        """The cell, where it was measured."""
        for cell in self.open:
            if (cell.system, cell.share, cell.capacity_of) == (system, share, capacity_of):
                return cell
        return None

    def write(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
