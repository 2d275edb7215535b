"""`make bench-queue`: measure, then write results.json, results.md and results.png."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.queue.command_line import read_plan
from bench.queue.report import write_report
from bench.queue.run import run


def main() -> None:
    """Run what the command line asks for, and report it."""
    plan = read_plan()
    plan.results.mkdir(parents=True, exist_ok=True)
    logs = Path(tempfile.mkdtemp(prefix="darkroom-bench-"))
    print(f"What the processes print goes to {logs}", flush=True)
    results = run(plan, logs=logs, say=lambda line: print(line, flush=True))
    results.write(plan.results / "results.json")
    write_report(results, plan.results)
    print((plan.results / "results.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
