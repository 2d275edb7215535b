"""End the whole process if a part of it hangs or its device is lost: a thread cannot be ended from outside, a device that is
lost comes back only to a new process, and the supervisor starts one.
"""

from __future__ import annotations

import os
import threading

from worker.rendering.process.capacity import Capacity
from worker.rendering.process.drain import Drain

#: A denoising step did not end.
STUCK_STATUS = 81
#: There was work, but its rings did not reach this process.
DEAF_STATUS = 82
#: The device has failed for good, as far as this process is concerned.
DEVICE_LOST_STATUS = 83

#: Seconds for the jobs that can still be handed back: a step and a commit.
_HAND_BACK_SECONDS = 5.0


class EmergencyExit:
    """Ends the process, from any thread, after the jobs that can be handed back have been."""

    def __init__(self, drain: Drain, capacity: Capacity) -> None:
        self._drain = drain
        self._capacity = capacity
        self._lock = threading.Lock()
        self._hanging = 0

    def exit_stuck(self) -> None:
        """A job hangs. Does not return; another worker gets the job when its lease expires."""
        with self._lock:
            self._hanging += 1
        self._exit(STUCK_STATUS)

    def exit_deaf(self) -> None:
        """This worker does not hear its rings. Does not return."""
        self._exit(DEAF_STATUS)

    def exit_device_lost(self) -> None:
        """The device takes no more work from this process. Does not return."""
        self._exit(DEVICE_LOST_STATUS)

    def _exit(self, status: int) -> None:
        self._drain.begin(0)
        self._capacity.wait_until_left(lambda: self._hanging, seconds=_HAND_BACK_SECONDS)
        # Not sys.exit, which would wait for the thread that hangs, and for the device.
        os._exit(status)
