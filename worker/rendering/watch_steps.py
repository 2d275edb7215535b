"""Call a function at the end of each denoising step: through the scheduler, which every pipeline has, because some pipelines
lack a callback.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from worker.rendering.checkpoints import Checkpoint, Journal


@dataclass(frozen=True)
class StepEnd:
    """The end of a denoising step. An error raised by the function that gets it ends the render."""

    #: The scheduler's steps that are done, from 1, and the number of steps in this render: fewer than requested if an
    #: image is only partly noised, more for schedulers of second order.
    step: int
    steps: int
    #: As the pipeline holds them between steps; some pipelines pack them.
    latents: torch.Tensor
    #: Makes a checkpoint of the job after this step; valid only during the call. Raises CheckpointUnsupported.
    capture: Callable[[], Checkpoint]

    @property
    def is_last(self) -> bool:
        return self.step >= self.steps


def watch_steps(pipeline: Any, on_step: Callable[[StepEnd], None], journal: Journal) -> None:
    """Call `on_step` after each step of the pipeline's scheduler. Pipeline and scheduler must be the job's own.

    Steps that the journal knows to be done are not taken again; `on_step` is called only for the last of them.
    """
    scheduler = pipeline.scheduler
    step = scheduler.step
    done = 0
    steps = 0

    # Pipelines read the signature to find out what a scheduler takes, so it stays as it is.
    @functools.wraps(step)
    def watched(model_output: Any, timestep: Any, *arguments: Any, **options: Any) -> Any:
        nonlocal done, steps
        if done == 0:
            steps = _count_steps(pipeline, timestep)
            journal.begin(steps)
        done += 1
        if done <= journal.earlier_steps:
            result = journal.pass_step(arguments[0] if arguments else options["sample"])
        else:
            result = step(model_output, timestep, *arguments, **options)
            journal.end_step(result)
        if done >= journal.earlier_steps:
            on_step(StepEnd(done, steps, _latents(result), journal.capture))
        return result

    scheduler.step = watched


def _count_steps(pipeline: Any, first_timestep: Any) -> int:
    """The steps of this render: fewer than the scheduler's if the picture to start from is only partly noised."""
    known: int | None = getattr(pipeline, "_num_timesteps", None)
    if known is not None:
        return known
    timesteps: torch.Tensor = pipeline.scheduler.timesteps
    value = first_timestep.flatten()[0] if isinstance(first_timestep, torch.Tensor) else first_timestep
    places = (timesteps == value).nonzero()
    return len(timesteps) - (int(places[0]) if len(places) else 0)


def _latents(result: Any) -> torch.Tensor:
    latents: torch.Tensor = result[0] if isinstance(result, tuple) else result.prev_sample
    return latents
