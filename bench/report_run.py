"""From a command line to results.json, results.md and results.png: what the benchmarks with a report do alike."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from pydantic import TypeAdapter


class Results(Protocol):
    """What a run found."""

    def write(self, path: Path) -> None:
        """Write it as JSON."""


_Results = TypeVar("_Results", bound=Results)
_Measured_co = TypeVar("_Measured_co", bound=Results, covariant=True)


class Measure(Protocol[_Measured_co]):
    """A run of a plan."""

    def __call__(self, *, logs: Path, say: Callable[[str], None]) -> _Measured_co:
        """Returns the results. What its processes print goes to files in `logs`."""


def run_and_report(measure: Measure[_Results], write_report: Callable[[_Results, Path], None], *, folder: Path) -> None:
    """Measure, write the results and their report to the folder, and print the report."""
    folder.mkdir(parents=True, exist_ok=True)
    logs = Path(tempfile.mkdtemp(prefix="darkroom-bench-"))
    print(f"What the processes print goes to {logs}", flush=True)
    results = measure(logs=logs, say=lambda line: print(line, flush=True))
    results.write(folder / "results.json")
    write_report(results, folder)
    print((folder / "results.md").read_text(encoding="utf-8"))


def read_results(kind: type[_Results], path: Path) -> _Results:
    """The results that `write` wrote to this file. Raises pydantic.ValidationError for another file."""
    return TypeAdapter(kind).validate_json(path.read_bytes())
