"""The end of the whole process where a part of it hangs: a thread cannot be ended, and whoever supervises starts anew."""

from __future__ import annotations

import os
import threading

from worker.rendering.process.capacity import Capacity
from worker.rendering.process.drain import Drain

#: A denoising step did not end.
STUCK_STATUS = 81
#: There was work, and nobody in here heard of it.
DEAF_STATUS = 82

#: Seconds for the jobs that can still stop: a step, and a commit.
_HAND_BACK_SECONDS = 5.0


class EmergencyExit:
    """Ends the process, from whatever thread, after handing back what can be handed back."""

    def __init__(self, drain: Drain, capacity: Capacity) -> None:
        self._drain = drain
        self._capacity = capacity
        self._lock = threading.Lock()
        self._hanging = 0

    def exit_stuck(self) -> None:
        """A job hangs. Does not return; the job is another worker's when its lease is over."""
        with self._lock:
            self._hanging += 1
        self._exit(STUCK_STATUS)

    def exit_deaf(self) -> None:
        """This worker does not hear of its work. Does not return."""
        self._exit(DEAF_STATUS)

    def _exit(self, status: int) -> None:
        self._drain.begin(0)
        self._capacity.wait_until_left(lambda: self._hanging, seconds=_HAND_BACK_SECONDS)
        # Not sys.exit, which would wait for the thread that hangs.
        os._exit(status)
