"""How long a training stage may take and what its learning rate is on the way."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi

#: Steps over which the learning rate climbs from zero to its peak.
WARM_UP_STEPS = 60


@dataclass(frozen=True)
class Budget:
    """A stage ends when either limit is reached; time spent before a resume counts."""

    minutes: float
    #: None: only the minutes count.
    steps: int | None = None

    def progress(self, step: int, seconds: float) -> float:
        """How much of the budget is used after `step` steps and `seconds` of training, 0 to 1."""
        by_time = seconds / (60 * self.minutes)
        by_steps = 0.0 if self.steps is None else step / self.steps
        return min(max(by_time, by_steps), 1.0)


def learning_rate(peak: float, step: int, progress: float) -> float:
    """Warm-up, then half a cosine from the peak to zero at the end of the budget."""
    return peak * min((step + 1) / WARM_UP_STEPS, 1.0) * 0.5 * (1 + cos(pi * progress))
