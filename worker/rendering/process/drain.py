"""The shutdown of a worker: claim nothing more, finish the jobs that the time is enough for, hand the others back."""

from __future__ import annotations

import time


class Drain:
    """Whether the process is shutting down, and whether the time for finishing jobs is over."""

    def __init__(self) -> None:
        self._ends_at: float | None = None

    def begin(self, seconds: float) -> None:
        """From now on nothing is claimed; after `seconds` running jobs are handed back."""
        # A second signal does not postpone the end that the first one set, but it can bring it forward.
        ends_at = time.monotonic() + seconds
        self._ends_at = ends_at if self._ends_at is None else min(self._ends_at, ends_at)

    @property
    def has_begun(self) -> bool:
        return self._ends_at is not None

    @property
    def is_over(self) -> bool:
        return self._ends_at is not None and time.monotonic() >= self._ends_at
