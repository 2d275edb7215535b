"""Tell each denoising step as it ends: by the scheduler, which every pipeline has, and not by a callback, which some lack."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class StepEnd:
    """A step is done. What is raised where this is told ends the render."""

    #: Steps of the scheduler done, from 1, and how many there are in this render: fewer than were asked for where an
    #: image is only partly noised, more for schedulers of second order.
    step: int
    steps: int
    #: As the pipeline holds them between steps: some pack them.
    latents: torch.Tensor

    @property
    def is_last(self) -> bool:
        return self.step >= self.steps


def watch_steps(scheduler: Any, on_step: Callable[[StepEnd], None]) -> None:
    """Call `on_step` after each step of the scheduler, which has to be the job's own."""
    step = scheduler.step
    done = 0
    first = 0

    # Pipelines look at the signature to find out what a scheduler takes, so it stays what it is.
    @functools.wraps(step)
    def watched(model_output: Any, timestep: Any, *arguments: Any, **options: Any) -> Any:
        nonlocal done, first
        if done == 0:
            first = _find_timestep(scheduler.timesteps, timestep)
        result = step(model_output, timestep, *arguments, **options)
        done += 1
        on_step(StepEnd(done, len(scheduler.timesteps) - first, _latents(result)))
        return result

    scheduler.step = watched


def _find_timestep(timesteps: torch.Tensor, timestep: Any) -> int:
    """Where a render begins: an image that is only partly noised starts in the middle."""
    value = timestep.flatten()[0] if isinstance(timestep, torch.Tensor) else timestep
    places = (timesteps == value).nonzero()
    return int(places[0]) if len(places) else 0


def _latents(result: Any) -> torch.Tensor:
    latents: torch.Tensor = result[0] if isinstance(result, tuple) else result.prev_sample
    return latents
