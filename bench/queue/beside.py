"""`python -m bench.queue.beside OTHER`: this checkout beside another one, say of the commit before a change, at the same time.

OTHER has its own environment (`make .venv-bench/.installed` there). In each round both checkouts run the benchmark at once,
each with servers of its own, and what Darkroom's own parts did is compared. They share the machine, so all rates are lower than
of one alone; what slows the machine down slows down both in the same moment. In turns, on a machine of two shared cores, single
rounds of the same code lay between 0.5 and 1.4.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from bench.figures import paired_ratio, percentile

_HERE = Path(__file__).parents[2]

#: What is compared, by the part that measures it: the system and the load, as results files name them.
_CELLS = {
    "submit": {
        "submits a second, 1 account": ("ours", "1 account"),
        "submits a second, 16 accounts": ("ours", "16 accounts"),
        "CPU ms of the API for a submit, 1 account": ("ours", "1 account, service"),
        "CPU ms of the API for a submit, 16 accounts": ("ours", "16 accounts, service"),
        "CPU ms of PostgreSQL for a submit, 16 accounts": ("ours", "16 accounts, database"),
    },
    "noop": {
        "no-op jobs a second, 1 worker": ("ours-1", ""),
        "no-op jobs a second, 2 workers": ("ours-2", ""),
        "CPU ms of workers for a no-op job, 1 worker": ("ours-1", "workers"),
        "CPU ms of PostgreSQL for a no-op job, 1 worker": ("ours-1", "database"),
    },
    "handoff": {"ring to claim, median ms": ("ours", "claimed")},
}


def main() -> None:
    """Print a line for each figure: its median here and there, and the ratio of both, round by round."""
    parser = argparse.ArgumentParser(prog="python -m bench.queue.beside", description="Compare two checkouts.")
    parser.add_argument("other", type=Path, help="the other checkout")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument(
        "--pooler", help="the mode of a PgBouncer that this checkout, and not the other one, works through"
    )
    options = parser.parse_args()

    pooler = [] if options.pooler is None else ["--pooler", options.pooler]
    sides = [(_HERE, pooler), (options.other.resolve(), [])]
    for part, cells in _CELLS.items():
        here: defaultdict[str, list[float]] = defaultdict(list)
        there: defaultdict[str, list[float]] = defaultdict(list)
        for number in range(options.rounds):
            # Started the other way round each time: the first one is ahead by a moment.
            order = [0, 1] if number % 2 == 0 else [1, 0]
            measured = dict(zip(order, _measure(part, [sides[side] for side in order]), strict=True))
            for name, cell in cells.items():
                here[name].append(measured[0][cell])
                there[name].append(measured[1][cell])
        for name, values in here.items():
            ratio = paired_ratio(values, there[name])
            print(
                f"{name}: here {percentile(values, 50):.4g}, there {percentile(there[name], 50):.4g}, "
                f"ratio {ratio.median:.3f} "
                f"(quartiles {ratio.lower_quartile:.3f} to {ratio.upper_quartile:.3f}, {ratio.rounds} rounds)",
                flush=True,
            )


def _measure(part: str, sides: list[tuple[Path, list[str]]]) -> list[dict[tuple[str, str], float]]:
    """One round of one part of the benchmark in all checkouts at once: what each measured, by system and load."""
    with tempfile.TemporaryDirectory(prefix="darkroom-beside-") as folder:
        runs = [
            subprocess.Popen(
                [
                    *(checkout / ".venv-bench" / "bin" / "python", "-m", "bench.queue"),
                    *("--parts", part, "--rounds", "1", "--results", f"{folder}/{number}", *more),
                ],
                cwd=checkout,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for number, (checkout, more) in enumerate(sides)
        ]
        errors = [run.communicate()[1] for run in runs]
        for run, error, (checkout, _) in zip(runs, errors, sides, strict=True):
            if run.returncode != 0:
                sys.exit(f"{checkout}: {error}")
        return [_read(Path(folder) / str(number) / "results.json") for number in range(len(sides))]


def _read(results: Path) -> dict[tuple[str, str], float]:
    """The median of each cell."""
    cells = json.loads(results.read_text(encoding="utf-8"))["cells"]
    return {(cell["system"], cell["load"]): percentile(cell["rounds"][0], 50) for cell in cells}


if __name__ == "__main__":
    main()
