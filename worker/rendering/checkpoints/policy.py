"""When a render's checkpoint is due. Pure: time is passed in."""

from __future__ import annotations

#: Of a render's time, the largest part that its checkpoints may take.
_LARGEST_SHARE = 0.02


class CheckpointPolicy:
    """For one render: every so many seconds, as long as a checkpoint costs little against what it may save."""

    def __init__(self, every_seconds: float, *, started_at: float) -> None:
        """`started_at` is when the render's first step began; no checkpoint is ever due when `every_seconds` is 0."""
        self._every_seconds = every_seconds
        self._started_at = started_at
        self._kept_at = started_at
        self._cost_seconds = 0.0

    def is_due(self, step: int, steps: int, now: float) -> bool:
        """Whether to keep a checkpoint at the end of a step. `steps` are those of the render."""
        if self._every_seconds <= 0 or step >= steps:
            return False
        since = now - self._kept_at
        if since < max(self._every_seconds, self._cost_seconds / _LARGEST_SHARE):
            return False
        seconds_left = (now - self._started_at) / step * (steps - step)
        return seconds_left > self._cost_seconds

    def record(self, now: float, *, cost_seconds: float) -> None:
        """A checkpoint was kept, and held the render up for so long."""
        self._kept_at = now
        self._cost_seconds = cost_seconds
