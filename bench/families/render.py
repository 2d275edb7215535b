"""The engine: jobs of a tiny model, one after another and side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Barrier
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from worker.rendering.checkpoints import Checkpoint
from worker.rendering.drawing import Drawing
from worker.rendering.models import LoadedModel
from worker.rendering.render import render_images
from worker.rendering.watch_steps import StepEnd

#: How often jobs are drawn side by side at most until two of them share a forward: a group waits for a job that is late only for
#: part of a forward's time, and tiny models' jobs on a busy machine may miss each other again and again.
MEETINGS = 20


@dataclass(frozen=True)
class Drawn:
    """The result of a job."""

    #: In 256 levels: [height, width, 3] each.
    pictures: list[NDArray[np.uint8]]
    #: After the last step.
    latents: torch.Tensor
    steps: int
    #: The rows of each forward that it was part of.
    batch_rows: tuple[int, ...] = ()
    resume: str = ""

    def differs_from(self, other: Drawn) -> float:
        """The largest difference of latents and pictures, as a part of their range; infinite if they have other shapes.

        A picture's level is a 256th of the range: one level is rounding, and counts as nothing.
        """
        if self.latents.shape != other.latents.shape or len(self.pictures) != len(other.pictures):
            return float("inf")
        reach = float(other.latents.max() - other.latents.min())
        latents = float((self.latents.double() - other.latents.double()).abs().max()) / reach
        levels = max(
            int(np.abs(one.astype(np.int16) - two.astype(np.int16)).max())
            for one, two in zip(self.pictures, other.pictures, strict=True)
        )
        return max(latents, 0.0 if levels <= 1 else levels / 255)

    def equals(self, other: Drawn) -> bool:
        """Bit for bit."""
        return torch.equal(self.latents, other.latents) and all(
            np.array_equal(one, two) for one, two in zip(self.pictures, other.pictures, strict=True)
        )


def draw(
    model: LoadedModel,
    drawing: Drawing,
    *,
    on_step: Callable[[StepEnd], None] = lambda _end: None,
    checkpoint: Checkpoint | None = None,
    watch: Callable[[Any], None] | None = None,
) -> Drawn:
    """The job's render, in this thread."""
    ends: list[StepEnd] = []

    def note_end(end: StepEnd) -> None:
        # Some pipelines change them afterwards.
        ends.append(replace(end, latents=end.latents.clone()))
        on_step(end)

    rendered = render_images(model, drawing, on_step=note_end, checkpoint=checkpoint, watch=watch)
    return Drawn(
        [np.asarray(picture.convert("RGB")) for picture in rendered.images],
        ends[-1].latents,
        ends[-1].step,
        tuple(rendered.batch_rows),
        rendered.resume,
    )


def draw_together(model: LoadedModel, drawings: Sequence[Drawing], *, meet: bool) -> list[Drawn]:
    """All jobs at once. With `meet` each waits after its first step until all have taken theirs."""
    barrier = Barrier(len(drawings), timeout=120)

    def draw_one(drawing: Drawing) -> Drawn:
        def wait(end: StepEnd) -> None:
            if meet and end.step == 1:
                barrier.wait()

        try:
            return draw(model, drawing, on_step=wait)
        except BaseException:
            barrier.abort()
            raise

    with ThreadPoolExecutor(len(drawings)) as threads:
        return list(threads.map(draw_one, drawings))
