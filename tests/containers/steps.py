"""A line for each step, with the seconds that it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print what is done, and how long it took."""
    started = time.monotonic()
    sys.stdout.write(f"{what:<60} ")
    sys.stdout.flush()
    try:
        yield
    except BaseException:
        sys.stdout.write("FAILED\n")
        raise
    sys.stdout.write(f"{time.monotonic() - started:6.0f} s\n")
    sys.stdout.flush()
