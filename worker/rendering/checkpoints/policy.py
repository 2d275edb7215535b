"""When a render's checkpoint is due. Pure: time is passed in."""

from __future__ import annotations

#: The largest part of a render's time that its checkpoints may take.
_LARGEST_SHARE = 0.02


class CheckpointPolicy:
    """The policy of one render: a checkpoint at a fixed interval, as long as it costs little compared to what it may save."""

    def __init__(self, every_seconds: float) -> None:
        """`every_seconds` is the interval; 0 means after every step, whatever it costs."""
        self._every_seconds = every_seconds
        #: The first step that `is_due` was asked about, and when it ended.
        self._first: tuple[int, float] | None = None
        self._kept_at = 0.0
        self._cost_seconds = 0.0

    def is_due(self, step: int, steps: int, now: float) -> bool:
        """Whether to make a checkpoint at the end of step `step` of `steps`. Must be called at every step."""
        if self._every_seconds == 0:
            return step < steps
        if self._first is None:
            self._first, self._kept_at = (step, now), now
            return False
        if step >= steps:
            return False
        if now - self._kept_at < max(self._every_seconds, self._cost_seconds / _LARGEST_SHARE):
            return False
        first_step, first_at = self._first
        seconds_left = (now - first_at) / (step - first_step) * (steps - step)
        return seconds_left > self._cost_seconds

    def record(self, now: float, *, cost_seconds: float) -> None:
        """A checkpoint was made, and delayed the render by `cost_seconds`."""
        self._kept_at = now
        self._cost_seconds = cost_seconds
