"""Draw jobs together, so that they certainly share forwards, and alone; and measure how much the two differ."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any

import numpy as np
import torch

from tests.rendering.parity.mixes import Job
from tests.rendering.resuming import Stopped, draw_images
from worker.rendering.batching import BatchJob
from worker.rendering.drawing import Drawing
from worker.rendering.models import LoadedModel
from worker.rendering.render import render_images
from worker.rendering.watch_steps import StepEnd

#: The allowed difference, as a part of the range of the latents and of the pixels.
BOUND = 1e-4

#: Called with the number of steps that are done, and whether that was the last one.
Pause = Callable[[int, bool], None]


@dataclass
class Drawn:
    """The result of a job."""

    #: After its last step.
    latents: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    #: As the autoencoder returned them, before rounding to 256 levels; None if the job was cancelled before.
    pixels: torch.Tensor | None = None
    #: In 256 levels.
    pictures: list[np.typing.NDArray[np.int16]] = field(default_factory=list)
    steps: int = 0
    batch_rows: list[int] = field(default_factory=list)


class Meeting:
    """Jobs in threads of their own that wait for each other.

    The jobs that are there from the start wait after their first step. Then the late ones start, and all wait until these
    have taken a step too. From there on each runs at its own pace, so that jobs of few steps leave the others.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._started = Barrier(len(jobs), timeout=60)
        self._joined = Barrier(len(jobs), timeout=60)

    def draw(self, model: LoadedModel, job: Job, batch_job: BatchJob | None = None) -> Drawn:
        """The job's render, in this thread."""
        met = 0

        def pause(step: int, is_last: bool) -> None:
            nonlocal met
            if met == 0 and not job.is_late:
                self._started.wait()
                met = 1
            if met == 1 and (job.is_late or is_last or step > 1):
                self._joined.wait()
                met = 2

        try:
            if job.is_late:
                self._started.wait()
                met = 1
            return draw(model, job, pause=pause, batch_job=batch_job)
        except BaseException:
            # The others must not wait for it.
            self._started.abort()
            self._joined.abort()
            raise


def draw(model: LoadedModel, job: Job, *, pause: Pause = lambda *_: None, batch_job: BatchJob | None = None) -> Drawn:
    """The job's render in this thread."""
    drawn = Drawn()

    def note_end(end: StepEnd) -> None:
        drawn.latents, drawn.steps = end.latents.clone(), end.step
        pause(end.step, end.is_last)
        if job.is_cancelled and end.step == 2:
            raise Stopped

    def watch(pipeline: Any) -> None:
        processor = copy.copy(pipeline.image_processor)
        postprocess = processor.postprocess

        def keep(image: torch.Tensor, *arguments: Any, **options: Any) -> Any:
            drawn.pixels = image.clone()
            return postprocess(image, *arguments, **options)

        processor.postprocess = keep
        pipeline.image_processor = processor

    drawing = Drawing(job.case.request, job.case.seeds, draw_images(job.case), batch_job or BatchJob(), job.case.task)
    try:
        rendered = render_images(model, drawing, on_step=note_end, watch=watch)
        drawn.pictures = [np.asarray(image).astype(np.int16) for image in rendered.images]
    except Stopped:
        assert job.is_cancelled
    drawn.batch_rows = drawing.job.batch_rows
    return drawn


def draw_alone(model: LoadedModel, jobs: Sequence[Job]) -> list[Drawn]:
    """Draw the jobs one after the other."""
    return [draw(model, job) for job in jobs]


def draw_together(
    model: LoadedModel, jobs: Sequence[Job], batch_jobs: Sequence[BatchJob | None] | None = None
) -> list[Drawn]:
    """Draw all jobs at once. At least one job must not be late."""
    meeting = Meeting(jobs)
    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(lambda job, own: meeting.draw(model, job, own), jobs, batch_jobs or [None] * len(jobs)))


def measure_difference(drawn: Drawn, alone: Drawn) -> float:
    """The largest difference of latents and pixels, as a part of the range; infinite if only one has pixels."""
    assert drawn.steps == alone.steps
    if (drawn.pixels is None) != (alone.pixels is None):
        return float("inf")
    latents = _difference(drawn.latents, alone.latents, _range_of(alone.latents))
    if drawn.pixels is None or alone.pixels is None:
        return latents
    # Autoencoders' pixels go from -1 to 1; values beyond are cut off.
    return max(latents, _difference(drawn.pixels.clamp(-1, 1), alone.pixels.clamp(-1, 1), 2.0))


def _difference(one: torch.Tensor, other: torch.Tensor, reach: float) -> float:
    assert one.shape == other.shape
    return float((one.double() - other.double()).abs().max()) / reach


def _range_of(latents: torch.Tensor) -> float:
    return float(latents.max() - latents.min())
