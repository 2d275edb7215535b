"""Call a function at the end of each denoising step: through the scheduler, which every pipeline has, because some pipelines
lack a callback.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from worker.rendering.checkpoints import Checkpoint, Journal
from worker.rendering.modules.list_schedulers import find_step_method, list_schedulers


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


def watch_steps(
    pipelines: Sequence[Any], on_step: Callable[[StepEnd], None], journal: Journal, *, steps: int | None = None
) -> None:
    """Call `on_step` after each step of the schedulers of the pipelines, which draw one after another. Pipelines and schedulers
    must be the job's own.

    `steps` is the number of steps of all, and of a pipeline that draws in stages; for one alone the first step shows it. Steps that the
    journal knows to be done are not taken again; `on_step` is called only for the last of them.
    """
    watch = _Watch(pipelines[0], on_step, journal, steps)
    for pipeline in pipelines:
        for scheduler in list_schedulers(pipeline).values():
            if (name := find_step_method(scheduler)) is not None:
                watch.follow(scheduler, name)


def watch_whole_steps(on_step: Callable[[StepEnd], None], journal: Journal) -> dict[str, Any]:
    """The argument of a pipeline's call by which it says when a whole step has ended, if it steps the parts of a picture one by one.
    Such a render is never resumed.
    """

    def end_step(pipeline: Any, index: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        on_step(StepEnd(index + 1, pipeline.num_timesteps, tensors["latents"], journal.capture))
        return {}

    return {"callback_on_step_end": end_step}


class _Watch:
    """Counts the steps of a render, whichever scheduler takes them."""

    def __init__(self, pipeline: Any, on_step: Callable[[StepEnd], None], journal: Journal, steps: int | None) -> None:
        self._pipeline = pipeline
        self._on_step = on_step
        self._journal = journal
        self._known_steps = steps
        self._steps = 0
        self._done = 0

    def follow(self, scheduler: Any, name: str) -> None:
        step = getattr(scheduler, name)

        # Pipelines read the signature to find out what a scheduler takes, so it stays as it is.
        @functools.wraps(step)
        def watched(model_output: Any, timestep: Any, *arguments: Any, **options: Any) -> Any:
            self._begin(scheduler, timestep)
            if self._done <= self._journal.earlier_steps:
                result = self._journal.pass_step(arguments[0] if arguments else options["sample"])
            else:
                result = step(model_output, timestep, *arguments, **options)
                self._journal.end_step(result)
            if self._done >= self._journal.earlier_steps:
                self._on_step(StepEnd(self._done, self._steps, _latents(result), self._journal.capture))
            return result

        setattr(scheduler, name, watched)

    def _begin(self, scheduler: Any, timestep: Any) -> None:
        if self._done == 0:
            known = self._known_steps
            self._steps = _count_steps(self._pipeline, scheduler, timestep) if known is None else known
            self._journal.begin(self._steps)
        self._done += 1


def _count_steps(pipeline: Any, scheduler: Any, first_timestep: Any) -> int:
    """The steps of this render: fewer than the scheduler's if the picture to start from is only partly noised."""
    known: int | None = getattr(pipeline, "_num_timesteps", None)
    if known is not None:
        return known
    timesteps: torch.Tensor = scheduler.timesteps
    value = first_timestep.flatten()[0] if isinstance(first_timestep, torch.Tensor) else first_timestep
    places = (timesteps == value).nonzero()
    left = timesteps[int(places[0]) if len(places) else 0 :]
    # A schedule that goes back to more noise in between (RePaint) takes a step for each timestep that is lower than the one before.
    return len(left) if not hasattr(scheduler, "undo_step") else 1 + int((left[1:] < left[:-1]).sum())


def _latents(result: Any) -> torch.Tensor:
    latents: torch.Tensor = result[0] if isinstance(result, tuple) else result.prev_sample
    return latents
