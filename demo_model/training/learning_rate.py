"""The learning rate on a training stage's way."""

from __future__ import annotations

from math import cos, pi

#: Steps over which the learning rate climbs from zero to its peak.
WARM_UP_STEPS = 60
#: Part of a stage after which it falls. Until then a stage can be made longer and goes on as if it always had been.
FALLS_AFTER = 0.6


def learning_rate(peak: float, step: int, progress: float) -> float:
    """Warm-up, the peak, then half a cosine to zero at the end of the stage, where `progress` is 1."""
    fallen = max(progress - FALLS_AFTER, 0.0) / (1 - FALLS_AFTER)
    return peak * min((step + 1) / WARM_UP_STEPS, 1.0) * 0.5 * (1 + cos(pi * fallen))
