"""`python -m bench.soak [--jobs 2000]`: run both soaks, write the figures, and fail if a promise is broken."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path

from bench.soak.compare import BOUND_SECONDS, Soaks, compare

_RESULT = Path(__file__).parent / "result.json"

_LEAST_SAVED_LOADS = 5.0
_MOST_MEMORY_GROWTH = 0.03


def main() -> None:
    """Exits with 1 if memory grows, a job waits longer than the bound, or the preference saves too few loads."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--result", type=Path, default=_RESULT, help="where to write the figures, as JSON")
    options = parser.parse_args()

    soaks = compare(options.jobs)
    kept = {
        f"memory of the last quarter within {_MOST_MEMORY_GROWTH:.0%} of the second": (
            abs(soaks.memory_growth) <= _MOST_MEMORY_GROWTH
        ),
        f"at least {_LEAST_SAVED_LOADS:g} times fewer model loads": soaks.saved_loads >= _LEAST_SAVED_LOADS,
        f"no job waited longer than {BOUND_SECONDS:g} s": soaks.by_affinity.wait_seconds_max <= BOUND_SECONDS,
        "every job succeeded": soaks.by_affinity.statuses == {"succeeded": options.jobs},
    }
    options.result.write_text(json.dumps(_build_figures(options.jobs, soaks, kept), indent=2) + "\n", encoding="utf-8")
    print(options.result.read_text(encoding="utf-8"), end="")
    sys.exit(0 if all(kept.values()) else 1)


def _build_figures(jobs: int, soaks: Soaks, kept: dict[str, bool]) -> dict[str, object]:
    return {
        "command": f"make soak-models  (python -m bench.soak --jobs {jobs})",
        "machine": f"{os.cpu_count()} cores, no GPU",
        "by affinity": dataclasses.asdict(soaks.by_affinity),
        "first come, first served": dataclasses.asdict(soaks.first_come),
        "times fewer model loads": round(soaks.saved_loads, 1),
        "memory, last quarter over second": f"{soaks.memory_growth:+.2%}",
        "kept": kept,
    }


if __name__ == "__main__":
    main()
