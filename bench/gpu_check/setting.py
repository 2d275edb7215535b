"""What all parts of a run have in common; as plain data, so that the process that starts them needs no torch."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """Where a run takes place, and how large its models are."""

    device_name: str
    #: Models that are small enough for any machine.
    is_tiny: bool
    #: Seconds that the part should take, less than the limit after which it is ended.
    seconds: float = 60.0

    @property
    def is_cuda(self) -> bool:
        return self.device_name.startswith("cuda")


class Clock:
    """The time that a part has left."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds, never negative."""
        return max(0.0, self._ends_at - time.monotonic())
