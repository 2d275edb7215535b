"""`python -m bench.queue.beside OTHER`: this checkout beside another one, say of the commit before a change, in turns.

OTHER has its own environment (`make .venv-bench/.installed` there). Each round runs the benchmark of both, the first one first
in every second round, and compares what Darkroom's own parts did: a machine that slows down slows down both.
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

#: What is compared: the measure, the system and the load, as results files name them.
_CELLS = {
    "submits a second, 16 accounts": ("submit", "ours", "16 accounts"),
    "submits a second, 1 account": ("submit", "ours", "1 account"),
    "no-op jobs a second, 1 worker": ("noop", "ours-1", ""),
    "no-op jobs a second, 2 workers": ("noop", "ours-2", ""),
    "ring to claim, median ms": ("handoff", "ours", "claimed"),
}


def main() -> None:
    """Print a line for each figure: its median here and there, and the ratio of both, round by round."""
    parser = argparse.ArgumentParser(prog="python -m bench.queue.beside", description="Compare two checkouts.")
    parser.add_argument("other", type=Path, help="the other checkout")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--pooler", help="the mode of a PgBouncer that this checkout, and not the other one, works through"
    )
    options = parser.parse_args()

    here: defaultdict[str, list[float]] = defaultdict(list)
    there: defaultdict[str, list[float]] = defaultdict(list)
    pooler = [] if options.pooler is None else ["--pooler", options.pooler]
    sides = [(_HERE, here, pooler), (options.other.resolve(), there, [])]
    for number in range(options.rounds):
        for checkout, figures, more in sides[:: 1 if number % 2 == 0 else -1]:
            for name, value in _measure(checkout, more).items():
                figures[name].append(value)
    for name, values in here.items():
        ratio = paired_ratio(values, there[name])
        print(
            f"{name}: here {percentile(values, 50):.4g}, there {percentile(there[name], 50):.4g}, ratio {ratio.median:.3f} "
            f"(quartiles {ratio.lower_quartile:.3f} to {ratio.upper_quartile:.3f}, {ratio.rounds} rounds)"
        )


def _measure(checkout: Path, more: list[str]) -> dict[str, float]:
    """One round of one checkout."""
    with tempfile.TemporaryDirectory(prefix="darkroom-beside-") as folder:
        python = checkout / ".venv-bench" / "bin" / "python"
        options = ["--parts", "noop,handoff,submit", "--rounds", "1", "--results", folder, *more]
        run = subprocess.run(
            [python, "-m", "bench.queue", *options], cwd=checkout, capture_output=True, text=True, check=False
        )
        if run.returncode != 0:
            sys.exit(f"{checkout}: {run.stderr}")
        cells = json.loads((Path(folder) / "results.json").read_text())["cells"]
    measured = {(cell["measure"], cell["system"], cell["load"]): cell["rounds"][0] for cell in cells}
    return {name: percentile(measured[key], 50) for name, key in _CELLS.items()}


if __name__ == "__main__":
    main()
