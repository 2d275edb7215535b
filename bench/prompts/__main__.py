"""`python -m bench.prompts`: precision, recall and milliseconds. `--faults` prints what the development half gets wrong."""

from __future__ import annotations

import argparse
import statistics
import time

from bench.prompts.evaluate import KINDS, evaluate
from bench.prompts.marked_prompts import read_marked
from core.prompts.build_report import build_report


def main() -> None:
    """Prints a table for each half, and the time of a report without a tokenizer."""
    options = argparse.ArgumentParser(prog="python -m bench.prompts", description=__doc__)
    options.add_argument("--faults", action="store_true", help="print the faults of the development half")
    show_faults = options.parse_args().faults
    for half in ("development", "held_out"):
        score = evaluate(read_marked(half))
        print(f"{half}: kind, marks, precision, recall, recall of exact spans")
        for kind in KINDS:
            marks = score.found[kind] + score.missed[kind]
            print(
                f"  {kind:7} {marks:4} {score.precision(kind):.3f} {score.recall(kind):.3f} {score.exact_recall(kind):.3f}"
            )
        if show_faults and half == "development":
            print(*(f"  {fault}" for fault in score.faults), sep="\n")
    milliseconds = sorted(_time_reports())
    print(
        f"a report without a tokenizer: {statistics.median(milliseconds):.2f} ms, the slowest of 200 {milliseconds[-1]:.2f} ms"
    )


def _time_reports() -> list[float]:
    """For each prompt the shortest of five times, in milliseconds."""
    taken = []
    for prompt in [*read_marked("development"), *read_marked("held_out")]:
        times = []
        for _ in range(5):
            started = time.perf_counter()
            build_report({"prompt": prompt.text}, None)
            times.append((time.perf_counter() - started) * 1000)
        taken.append(min(times))
    return taken


if __name__ == "__main__":
    main()
