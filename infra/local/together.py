"""Several parts started, and stopped, side by side."""

from __future__ import annotations

import time
from collections.abc import Sequence

from infra.local.part import POLL_SECONDS, Part


def start_together(parts: Sequence[Part], seconds: float) -> None:
    """Start them all, and return when the last one is ready. Raises PartFailed for one that is not within `seconds`."""
    for part in parts:
        part.start()

    # Not one after the other: each is to be seen as ready when it is.
    waiting = list(parts)
    while waiting := [part for part in waiting if not part.check_ready(seconds)]:
        time.sleep(POLL_SECONDS)


def stop_together(parts: Sequence[Part], seconds: float) -> None:
    """Ask each in turn, then wait for all of them; what is left after so many seconds is killed."""
    deadline = time.monotonic() + seconds
    for part in parts:
        part.ask_to_stop()
    for part in parts:
        part.wait_until_stopped(deadline - time.monotonic())
