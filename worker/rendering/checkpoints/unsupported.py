"""The renders that cannot be resumed: they start over."""

from __future__ import annotations

from typing import Any

from core.catalog.families import find_facts
from worker.rendering.modules.list_schedulers import find_last_scheduler, find_step_method


def why_not_resumable(pipeline: Any) -> str | None:
    """The part of a job's state that cannot be read between two steps; None if all of it can.

    Decided by the pipeline's components, and by what the table of families says of its class. What shows only while rendering
    is raised as CheckpointUnsupported.
    """
    facts = find_facts(type(pipeline).__name__)
    if facts.starts_over is not None:
        return facts.starts_over
    scheduler = find_last_scheduler(pipeline)
    method = find_step_method(scheduler)
    if method is None:
        return "its pipeline steps without a scheduler"
    if method == "step" and hasattr(scheduler, "step_correct"):
        return f"{type(scheduler).__name__} corrects a step afterwards, from what the pipeline had before it"
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
