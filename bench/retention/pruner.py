"""A process that prunes as the dispatcher does: batch after batch, until nothing is left."""

from __future__ import annotations

import json
import time

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from core.logs import configure_logging
from core.settings import get_settings
from worker.maintenance.apply_retention import prune_batch


def main() -> None:
    """Prune all, and print how long it took and the longest batch, in seconds."""
    configure_logging(get_settings())
    begin, longest = time.perf_counter(), 0.0
    has_more = True
    while has_more:
        started = time.perf_counter()
        has_more = prune_batch()
        longest = max(longest, time.perf_counter() - started)
    print(json.dumps({"seconds": time.perf_counter() - begin, "longest_batch": longest}))


if __name__ == "__main__":
    main()
