"""A job's own scheduler, by the name in its request."""

from __future__ import annotations

import functools
from functools import cache
from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline, SchedulerMixin

from core.catalog.schedulers import FLOW_SCHEDULERS, OWN, SCHEDULERS, list_schedulers
from worker.rendering.pipelines.flow_solvers import FLOW_SOLVERS, build_flow_scheduler


def allowed_schedulers(pipeline: DiffusionPipeline) -> tuple[str, ...]:
    """The names that `build_scheduler` accepts for this pipeline."""
    return list_schedulers(pipeline.scheduler.config, type(pipeline).__name__)


def build_scheduler(name: str, own_scheduler: SchedulerMixin) -> Any:
    """A new scheduler with the training's noise schedule: schedulers count steps, so every job needs its own."""
    if name == OWN:
        own_class: Any = type(own_scheduler)
        return _within_range(own_class).from_config(own_scheduler.config)
    if name in FLOW_SCHEDULERS:
        return build_flow_scheduler(FLOW_SOLVERS[name], own_scheduler.config)

    scheduler = SCHEDULERS[name]
    # Some schedulers clip samples by default, and the samples here are latents.
    config = {"clip_sample": False, **own_scheduler.config, **scheduler.settings}
    return _within_range(getattr(diffusers, scheduler.class_name)).from_config(config)


@cache
def _within_range(scheduler_class: type[SchedulerMixin]) -> Any:
    """The same class, without timesteps below zero."""

    class WithinRange(scheduler_class):  # type: ignore[misc]
        # Pipelines read the signature to find out what a scheduler takes.
        @functools.wraps(scheduler_class.set_timesteps)
        def set_timesteps(self, *arguments: Any, **options: Any) -> None:
            super().set_timesteps(*arguments, **options)
            _drop_timesteps_below_zero(self)

    WithinRange.__name__ = scheduler_class.__name__
    return WithinRange


def _drop_timesteps_below_zero(scheduler: Any) -> None:
    # With trailing spacing diffusers counts down in steps of 1000 / n, and for some n (61) rounding gives one step too many:
    # to -1, which means the noisiest moment, so that the picture is lost.
    surplus = int((scheduler.timesteps < 0).sum())
    if surplus == 0:
        return
    scheduler.timesteps = scheduler.timesteps[:-surplus]
    if hasattr(scheduler, "sigmas"):  # one for each timestep, and the last one for the end
        scheduler.sigmas = torch.cat([scheduler.sigmas[: -surplus - 1], scheduler.sigmas[-1:]])
