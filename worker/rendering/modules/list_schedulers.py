"""The schedulers of a pipeline: one, or one for each stage of a pipeline that draws in stages."""

from __future__ import annotations

from typing import Any

from diffusers import SchedulerMixin


def list_schedulers(pipeline: Any) -> dict[str, Any]:
    """The pipeline's schedulers by their names in it; some add noise and never take a step."""
    return {name: each for name, each in pipeline.components.items() if isinstance(each, SchedulerMixin)}


def find_last_scheduler(pipeline: Any) -> Any:
    """The scheduler whose steps end with the finished picture."""
    schedulers = list_schedulers(pipeline)
    return schedulers["scheduler"] if "scheduler" in schedulers else next(reversed(schedulers.values()))


def find_step_method(scheduler: Any) -> str | None:
    """The name of the method that takes a step; None for a scheduler that takes none. One that corrects the picture between its
    steps has another name for it.
    """
    return next((name for name in ("step", "step_pred") if hasattr(scheduler, name)), None)
