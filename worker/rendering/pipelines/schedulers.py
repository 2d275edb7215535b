"""A job's own scheduler, by the name in its request."""

from __future__ import annotations

from typing import Any

import diffusers
from diffusers import DiffusionPipeline, SchedulerMixin

from core.catalog.schedulers import FLOW_SCHEDULERS, OWN, SCHEDULERS, list_schedulers
from worker.rendering.pipelines.corrections import correct
from worker.rendering.pipelines.flow_solvers import FLOW_SOLVERS, build_flow_scheduler


def allowed_schedulers(pipeline: DiffusionPipeline) -> tuple[str, ...]:
    """The names that `build_scheduler` accepts for this pipeline."""
    return list_schedulers(pipeline.scheduler.config, type(pipeline).__name__)


def build_scheduler(name: str, own_scheduler: SchedulerMixin, *, from_picture: bool = False) -> Any:
    """A new scheduler with the training's noise schedule: schedulers count steps, so every job needs its own.

    `from_picture`: for a pipeline that starts from a picture, so perhaps in the middle of the timesteps.
    """
    if name == OWN:
        own_class: Any = type(own_scheduler)
        return correct(own_class, from_picture=from_picture).from_config(own_scheduler.config)
    if name in FLOW_SCHEDULERS:
        return build_flow_scheduler(FLOW_SOLVERS[name], own_scheduler.config)

    scheduler = SCHEDULERS[name]
    # Some schedulers clip samples by default, and the samples here are latents.
    config = {"clip_sample": False, **own_scheduler.config, **scheduler.settings}
    return correct(getattr(diffusers, scheduler.class_name), from_picture=from_picture).from_config(config)
