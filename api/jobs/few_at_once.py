"""A few submits at a time: threads of one Python process only take turns at computing, and the turns themselves cost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: One computes while others wait for the database.
_PLACES = threading.BoundedSemaphore(4)

#: Where those before stand still, nobody is kept from finding out by himself.
_PATIENCE_SECONDS = 0.2


@contextmanager
def few_at_once() -> Iterator[None]:
    """Wait for a place, but not for long."""
    has_place = _PLACES.acquire(timeout=_PATIENCE_SECONDS)
    try:
        yield
    finally:
        if has_place:
            _PLACES.release()
