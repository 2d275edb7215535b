"""`python -m bench.families`: draw with every class that is served, and say what the engine does with it.

With `--write` the results go into `core/catalog/measured_families.json`, from which docs/families.md is made.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

import structlog

from bench.families.measure import BOUND, Measured, measure
from bench.families.places import PLACES, Place
from bench.families.tiny_models import TinyModels
from core.catalog.measured import write_measured


def main() -> int:
    """Print a line for each class. Returns 1 if one could not be drawn, or was drawn wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.families", description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of families' names, tasks or classes; left out: all of them")
    parser.add_argument("--write", action="store_true", help="keep the results of those that are right")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")

    chosen = [place for place in PLACES if not options.names or any(name in _describe(place) for name in options.names)]
    measured: list[Measured] = []
    failed = 0
    with tempfile.TemporaryDirectory(prefix="darkroom-families-") as folder:
        for place in chosen:
            started = time.perf_counter()
            try:
                with TinyModels(Path(folder), place.family) as models:
                    row = measure(models.load(), models.folder, place)
            except Exception as error:  # noqa: BLE001  (the next class is measured all the same)
                lines = [
                    line
                    for chained in _list_chain(error)
                    for line in traceback.format_exception(chained, limit=-3, chain=False)
                ]
                print(f"{_describe(place)}: could not be drawn", *lines, flush=True, sep="\n")
                failed += 1
                continue
            measured.append(row)
            verdict = "right" if is_right(row, place) else "WRONG"
            failed += verdict != "right"
            if options.write and verdict == "right":
                write_measured([row.as_row() | {"class_name": name} for name in place.class_names])
            print(f"{_describe(place)}: {verdict} {_shorten(row)} ({time.perf_counter() - started:.1f} s)", flush=True)
    print(f"{len(measured)} of {len(chosen)} classes drawn, {failed} wrong")
    return 1 if failed else 0


def _list_chain(error: BaseException) -> Iterator[BaseException]:
    if error.__cause__ is not None:
        yield from _list_chain(error.__cause__)
    yield error


def _shorten(row: Measured) -> str:
    return " ".join(
        f"{name}={value:.1e}" if isinstance(value, float) else f"{name}={value}"
        for name, value in row.as_row().items()
        if name not in {"class_name", "task"}
    )


def is_right(row: Measured, place: Place) -> bool:
    """Whether the class does what is promised for all of them."""
    bound = place.family.bound
    differences = (row.largest_difference, row.cancel_difference, row.several_images_difference or 0.0)
    return row.equals_bare and row.resumes_exactly is not False and max(differences) <= max(bound, BOUND)


def _describe(place: Place) -> str:
    return f"{place} ({', '.join(place.class_names)})"


if __name__ == "__main__":
    raise SystemExit(main())
