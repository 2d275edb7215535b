"""`make bench`: measure, then write results.json, results.md and results.png."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.render.command_line import read_plan
from bench.render.compare import compare
from bench.render.report import write_report


def main() -> None:
    """Run what the command line asks for, and report it."""
    plan = read_plan()
    plan.results.mkdir(parents=True, exist_ok=True)
    logs = Path(tempfile.mkdtemp(prefix="darkroom-bench-"))
    print(f"What the systems print goes to {logs}", flush=True)
    results = compare(plan, logs=logs, say=lambda line: print(line, flush=True))
    results.write(plan.results / "results.json")
    write_report(results, plan.results)
    print((plan.results / "results.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
