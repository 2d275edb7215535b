"""A job's own scheduler, by the name in its request."""

from __future__ import annotations

import inspect
from typing import Any

import diffusers
from diffusers import DiffusionPipeline, SchedulerMixin

from core.catalog.schedulers import FLOW_SCHEDULERS, OWN, SCHEDULERS, list_schedulers
from worker.rendering.pipelines.corrections import correct
from worker.rendering.pipelines.flow_solvers import FLOW_SOLVERS, build_flow_scheduler

#: Where a configuration lists what its file left out.
_LEFT_OUT = "_use_default_values"
#: Schedulers that step by 1000 / n timesteps, whatever the distance to the next one: with `linspace` (999 / (n - 1)) each
#: step left some noise behind.
_EVEN_STEPS = {"ddim", "pndm"}


def allowed_schedulers(pipeline: DiffusionPipeline) -> tuple[str, ...]:
    """The names that `build_scheduler` accepts for this pipeline."""
    return list_schedulers(pipeline.scheduler.config, type(pipeline).__name__)


def build_scheduler(name: str, own_scheduler: SchedulerMixin, *, from_picture: bool = False) -> Any:
    """A new scheduler with the training's noise schedule: schedulers count steps, so every job needs its own.

    `from_picture`: for a pipeline that starts from a picture, so perhaps in the middle of the timesteps.
    """
    own_class: Any = type(own_scheduler)
    if name == OWN:
        whole = {key: value for key, value in own_scheduler.config.items() if key != _LEFT_OUT}
        return correct(own_class, from_picture=from_picture).from_config(whole)
    if name in FLOW_SCHEDULERS:
        return build_flow_scheduler(FLOW_SOLVERS[name], own_scheduler.config)

    scheduler = SCHEDULERS[name]
    # Some schedulers clip samples by default, and the samples here are latents.
    config = {"clip_sample": False, **_read_training(own_scheduler), **scheduler.settings}
    if name in _EVEN_STEPS and config.get("timestep_spacing") == "linspace":
        config["timestep_spacing"] = "trailing"
    return correct(getattr(diffusers, scheduler.class_name), from_picture=from_picture).from_config(config)


def _read_training(own_scheduler: SchedulerMixin) -> dict[str, Any]:
    """The configuration as far as the model's own file, or its pipeline, says it.

    diffusers lists the settings that the file leaves to the class, and drops them for another class: those that the pipeline
    has changed since (it turns off `clip_sample`) with them, and those that are set anew (Karras sigmas).
    """
    config = own_scheduler.config
    defaults = inspect.signature(type(own_scheduler).__init__).parameters
    return {
        name: value
        for name, value in config.items()
        if name != _LEFT_OUT and (name not in config.get(_LEFT_OUT, ()) or value != defaults[name].default)
    }
