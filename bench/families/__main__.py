"""`python -m bench.families`: draw with every class that is served, and say what the engine does with it.

With `--write` the results go into `core/catalog/measured_families.json`, from which docs/families.md is made.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import traceback
from pathlib import Path

from bench.families.measure import BOUND, Measured, measure
from bench.families.places import PLACES, Place
from bench.families.tiny_models import TinyModels
from core.catalog.measured import write_measured


def main() -> int:
    """Print a line for each class. Returns 1 if one could not be drawn, or was drawn wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.families", description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of families' names, tasks or classes; left out: all of them")
    parser.add_argument("--write", action="store_true", help="keep the results")
    options = parser.parse_args()

    chosen = [place for place in PLACES if not options.names or any(name in _describe(place) for name in options.names)]
    measured: list[Measured] = []
    failed = 0
    with tempfile.TemporaryDirectory(prefix="darkroom-families-") as folder:
        for place in chosen:
            started = time.perf_counter()
            try:
                with TinyModels(Path(folder), place.family) as models:
                    row = measure(models.load(), models.folder, place)
            except Exception:  # noqa: BLE001  (the next class is measured all the same)
                traceback.print_exc()
                print(f"{_describe(place)}: could not be drawn", flush=True)
                failed += 1
                continue
            measured.append(row)
            failed += not is_right(row, place)
            print(f"{_describe(place)}: {row.as_row()} ({time.perf_counter() - started:.1f} s)", flush=True)
    if options.write:
        write_measured(row.as_row() for row in measured)
    print(f"{len(measured)} of {len(chosen)} classes drawn, {failed} wrong")
    return 1 if failed else 0


def is_right(row: Measured, place: Place) -> bool:
    """Whether the class does what is promised for all of them."""
    bound = place.family.bound
    differences = (row.largest_difference, row.cancel_difference, row.several_images_difference or 0.0)
    return row.equals_bare and row.resumes_exactly is not False and max(differences) <= max(bound, BOUND)


def _describe(place: Place) -> str:
    return f"{place} ({place.signature.class_name})"


if __name__ == "__main__":
    raise SystemExit(main())
