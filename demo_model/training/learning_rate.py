"""The learning rate on a training stage's way."""

from __future__ import annotations

from math import cos, pi

#: Steps over which the learning rate climbs from zero to its peak.
WARM_UP_STEPS = 60


def learning_rate(peak: float, step: int, progress: float) -> float:
    """Warm-up, then half a cosine from the peak to zero at the end of the stage, where `progress` is 1."""
    return peak * min((step + 1) / WARM_UP_STEPS, 1.0) * 0.5 * (1 + cos(pi * progress))
