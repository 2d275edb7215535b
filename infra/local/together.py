"""Start and stop several parts at the same time."""

from __future__ import annotations

import time
from collections.abc import Sequence

from infra.local.part import POLL_SECONDS, Part


def start_together(parts: Sequence[Part], seconds: float) -> None:
    """Start all parts, and return when the last one is ready. Raises PartFailed for one that is not within `seconds`."""
    for part in parts:
        part.start()

    # All of them in turn, so that each is shown as ready at the right moment.
    waiting = list(parts)
    while waiting := [part for part in waiting if not part.check_ready(seconds)]:
        time.sleep(POLL_SECONDS)


def stop_together(parts: Sequence[Part], seconds: float) -> None:
    """Ask each part to stop, then wait for all; kill what is left after `seconds`."""
    deadline = time.monotonic() + seconds
    for part in parts:
        part.ask_to_stop()
    for part in parts:
        part.wait_until_stopped(deadline - time.monotonic())
