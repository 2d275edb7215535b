"""Draw with the bare pipeline, and with the engine: one job alone, or several at once."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from worker.rendering.drawing import Drawing
from worker.rendering.models import LoadedModel
from worker.rendering.render import render_images
from worker.rendering.watch_steps import StepEnd

#: Seconds that jobs wait for each other before they fail.
_PATIENCE_SECONDS = 60

#: Parameters of a request that are the engine's and not the pipeline's.
_THE_ENGINES = frozenset({"scheduler"})


@dataclass
class Drawn:
    """A picture and the latents after its last step."""

    latents: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    #: 0 to 255, as numbers that can be subtracted.
    pixels: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    #: The rows of each forward that it was part of.
    batch_rows: list[int] = field(default_factory=list)


def draw_bare(pipeline: Any, request: Mapping[str, Any], seed: int = 1) -> Drawn:
    """By the pipeline's own `__call__`, with a scheduler of its own."""
    own = copy.copy(pipeline)
    own.scheduler = copy.deepcopy(pipeline.scheduler)
    own.set_progress_bar_config(disable=True)
    drawn = Drawn()

    def keep(_pipeline: Any, _step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        drawn.latents = tensors["latents"].clone()
        return tensors

    with torch.inference_mode():
        [image] = own(
            **{name: value for name, value in request.items() if name not in _THE_ENGINES},
            num_images_per_prompt=1,
            generator=[torch.Generator("cpu").manual_seed(seed)],
            callback_on_step_end=keep,
        ).images
    drawn.pixels = np.asarray(image).astype(np.int16)
    return drawn


def draw_alone(
    model: LoadedModel, request: Mapping[str, Any], seed: int = 1, *, on_first_step: Callable[[], object] | None = None
) -> Drawn:
    """By the engine. `on_first_step` is called at the end of the first step."""
    drawn = Drawn()

    def note(end: StepEnd) -> None:
        if end.step == 1 and on_first_step is not None:
            on_first_step()
        if end.is_last:
            drawn.latents = end.latents.clone()

    drawing = Drawing(request, [seed])
    [image] = render_images(model, drawing, on_step=note).images
    drawn.pixels = np.asarray(image).astype(np.int16)
    drawn.batch_rows = list(drawing.job.batch_rows)
    return drawn


def draw_together(model: LoadedModel, requests: Sequence[Mapping[str, Any]], *, must_meet: bool = False) -> list[Drawn]:
    """By the engine, each in a thread of its own, with the seeds 1, 2, …. If they `must_meet`, they wait for each other after
    their first step, so that they certainly share forwards.
    """
    meeting = Barrier(len(requests), timeout=_PATIENCE_SECONDS)

    def draw(place: int) -> Drawn:
        try:
            return draw_alone(model, requests[place], place + 1, on_first_step=meeting.wait if must_meet else None)
        except BaseException:
            meeting.abort()
            raise

    with ThreadPoolExecutor(len(requests)) as threads:
        return list(threads.map(draw, range(len(requests))))


def largest_difference(one: Drawn, other: Drawn) -> float:
    """Of the latents, as a part of their range."""
    reach = float(other.latents.max() - other.latents.min())
    return float((one.latents.double() - other.latents.double()).abs().max()) / reach


def are_equal(one: Drawn, other: Drawn) -> bool:
    """Bit for bit."""
    return bool(torch.equal(one.latents, other.latents)) and bool(np.array_equal(one.pixels, other.pixels))


def decibels(one: Drawn, other: Drawn) -> float:
    """The peak signal-to-noise ratio of the pixels; infinite if they are equal."""
    error = float(np.mean((one.pixels - other.pixels).astype(np.float64) ** 2))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)
