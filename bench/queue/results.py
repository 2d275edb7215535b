"""The results of a run, round by round. Tables, plot and targets are made from these and nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.figures import Spread, percentile, spread


@dataclass
class Cell:
    """One system under one load: its values, round by round (a rate has one value in each, latencies have many)."""

    measure: str
    system: str
    load: str
    rounds: list[list[float]] = field(default_factory=list)

    @property
    def values(self) -> list[float]:
        """The values of all rounds together."""
        return [value for one in self.rounds for value in one]

    def spread(self, percent: float = 50) -> Spread:
        """The spread of a percentile over the rounds."""
        return spread(self.percentiles(percent))

    def percentiles(self, percent: float) -> list[float]:
        """The percentile of each round."""
        return [percentile(one, percent) for one in self.rounds]

    def percentile(self, percent: float) -> float:
        """The percentile of all rounds together."""
        return percentile(self.values, percent)


def _order(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdecimal() else (0, name)


@dataclass
class Results:
    """One run."""

    machine: dict[str, str]
    settings: dict[str, str]
    cells: list[Cell] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, measure: str, system: str, load: str, values: Sequence[float]) -> None:
        """Add one round of a cell. Raises ValueError for a round without a value."""
        if not values:
            raise ValueError(f"nothing was measured: {measure}, {system}, {load}")
        cell = self.find(measure, system, load)
        if cell is None:
            cell = Cell(measure, system, load)
            self.cells.append(cell)
        cell.rounds.append(list(values))

    def find(self, measure: str, system: str, load: str) -> Cell | None:
        """The cell, or None if it was not measured."""
        for cell in self.cells:
            if (cell.measure, cell.system, cell.load) == (measure, system, load):
                return cell
        return None

    def list_cells(self, measure: str) -> list[Cell]:
        """The cells by system and load, numbers by their size: the order of measurement differs from round to round."""
        own = [cell for cell in self.cells if cell.measure == measure]
        return sorted(own, key=lambda cell: (_order(cell.system), _order(cell.load)))

    def write(self, path: Path) -> None:
        """Write the results as JSON, with four digits of each value."""
        data = asdict(self)
        for cell in data["cells"]:
            cell["rounds"] = [[float(f"{value:.4g}") for value in one] for one in cell["rounds"]]
        path.write_text(json.dumps(data) + "\n", encoding="utf-8")
