"""`make bench`: measure, then write results.json, results.md and results.png."""

from __future__ import annotations

from functools import partial

from bench.render.command_line import read_plan
from bench.render.compare import compare
from bench.render.report import write_report
from bench.report_run import run_and_report


def main() -> None:
    """Run what the command line asks for, and report it."""
    plan = read_plan()
    run_and_report(partial(compare, plan), write_report, folder=plan.results)


if __name__ == "__main__":
    main()
