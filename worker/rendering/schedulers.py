"""Schedulers by the names that requests use."""

from __future__ import annotations

from typing import Any

import diffusers

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
    return getattr(diffusers, SCHEDULERS[name]).from_config(own_scheduler.config)
