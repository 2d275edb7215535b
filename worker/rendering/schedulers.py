"""Schedulers by the names that requests use."""

from __future__ import annotations

from typing import Any

import diffusers
import torch

#: Name on the wire to diffusers' class, made from the configuration of the model's own scheduler.
SCHEDULERS: dict[str, str] = {
    "ddim": "DDIMScheduler",
    "dpmpp_2m": "DPMSolverMultistepScheduler",
    "euler": "EulerDiscreteScheduler",
    "euler_ancestral": "EulerAncestralDiscreteScheduler",
    "unipc": "UniPCMultistepScheduler",
}


def build_scheduler(name: str, own_scheduler: Any) -> Any:
    """A fresh scheduler: schedulers count steps, so no two jobs may share one."""
    scheduler = getattr(diffusers, SCHEDULERS[name]).from_config(own_scheduler.config)
    set_timesteps = scheduler.set_timesteps

    def set_timesteps_within_range(*arguments: Any, **options: Any) -> None:
        set_timesteps(*arguments, **options)
        _drop_timesteps_below_zero(scheduler)

    scheduler.set_timesteps = set_timesteps_within_range
    return scheduler


def _drop_timesteps_below_zero(scheduler: Any) -> None:
    # With trailing spacing diffusers counts down in steps of 1000 / n, and rounding gives some n (61) one step too many:
    # to -1, which means the noisiest moment, so that the picture is lost in it.
    surplus = int((scheduler.timesteps < 0).sum())
    if surplus == 0:
        return
    scheduler.timesteps = scheduler.timesteps[:-surplus]
    if hasattr(scheduler, "sigmas"):  # one for each timestep, and the last one for the end
        scheduler.sigmas = torch.cat([scheduler.sigmas[: -surplus - 1], scheduler.sigmas[-1:]])
