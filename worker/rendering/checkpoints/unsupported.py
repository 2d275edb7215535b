"""Which renders cannot be resumed: they start over."""

from __future__ import annotations

from typing import Any


def why_not_resumable(pipeline: Any) -> str | None:
    """What of a job's state is out of reach between two steps; None when everything is at hand.

    Told from what the pipeline is made of. What is found only while rendering is raised as CheckpointUnsupported.
    """
    scheduler = pipeline.scheduler
    if not hasattr(scheduler, "step"):
        return "its pipeline steps without a scheduler"
    if hasattr(scheduler, "noise_sampler"):
        return f"{type(scheduler).__name__} keeps a source of noise that cannot be written down"
    for name, component in pipeline.components.items():
        if getattr(component, "is_cache_enabled", False):
            return f"its {name} keeps results of earlier steps"
        if component is not scheduler and name.endswith("scheduler"):
            return f"it has another scheduler, {name}"
    if "guider" in pipeline.components:
        return "its guider may remember earlier steps"
    return None
