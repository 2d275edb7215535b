"""The latents after each step of diffusers' own pipeline."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from diffusers import SchedulerMixin


def keep_steps(pipeline: Any, steps: list[torch.Tensor], *, in_parts: bool) -> dict[str, Any]:
    """Let the pipeline write the latents after each step into `steps`. Returns the arguments that its call needs for that."""
    if in_parts:
        return {"callback_on_step_end": _keep_whole_steps(steps)}
    for component in pipeline.components.values():
        for name in ("step", "step_pred"):
            if isinstance(component, SchedulerMixin) and hasattr(component, name):
                _keep_steps(component, name, steps)
    return {}


def _keep_steps(scheduler: Any, name: str, steps: list[torch.Tensor]) -> None:
    step = getattr(scheduler, name)

    @functools.wraps(step)
    def kept(*arguments: Any, **options: Any) -> Any:
        result = step(*arguments, **options)
        steps.append((result[0] if isinstance(result, tuple) else result.prev_sample).clone())
        return result

    setattr(scheduler, name, kept)


def _keep_whole_steps(steps: list[torch.Tensor]) -> Callable[..., dict[str, Any]]:
    def keep(_pipeline: Any, _index: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        steps.append(tensors["latents"].clone())
        return {}

    return keep
