"""Eight jobs that share one model's denoiser, and the outcome of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Barrier
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tests.rendering.resuming import Case, build_drawing
from worker.rendering.models import LoadedModel
from worker.rendering.render import render_images
from worker.rendering.watch_steps import StepEnd

#: Seconds that jobs wait for each other at most, before the test fails.
PATIENCE_SECONDS = 60

#: Called at the end of each step of a job; may raise or change the latents.
OnStep = Callable[[StepEnd], None]


@dataclass
class Outcome:
    """The outcome of a job."""

    pixels: NDArray[np.uint8] | None = None
    #: After the last step.
    latents: torch.Tensor | None = None
    error: Exception | None = None
    steps_seen: int = 0
    #: Rows of the forwards that its calls were part of.
    batch_rows: list[int] = field(default_factory=list)


#: The seven other jobs: each has its own steps, guidance, scheduler, seeds and task.
SEVEN = [
    Case("sd15", "text-to-image", "ddim", (1,), 6, {"guidance_scale": 7.5}),
    Case("sd15", "text-to-image", "euler", (2,), 7, {"guidance_scale": 3.0, "prompt": "a lighthouse at dusk"}),
    Case("sd15", "image-to-image", "dpmpp_2m", (3,), 8, {"guidance_scale": 5.0}),
    Case("sd15", "text-to-image", "heun", (4,), 5, {"guidance_scale": 1.0}),
    Case("sd15", "text-to-image", "unipc", (5, 6), 5, {"guidance_scale": 4.0}),
    Case("sd15", "inpainting", "euler_ancestral", (7,), 9, {"guidance_scale": 2.0}),
    Case("sd15", "text-to-image", "pndm", (8,), 6, {"guidance_scale": 9.0}),
]

#: The job that fails. Its scheduler passes the latents of `on_step` to the denoiser unchanged.
EIGHTH = Case("sd15", "text-to-image", "ddim", (9,), 6, {"guidance_scale": 3.0, "prompt": "a ruin"})


def with_changes(cases: Sequence[Case], **changes: Any) -> list[Case]:
    """The cases with changes in all their requests."""
    return [
        Case(case.family, case.task, case.scheduler, case.seeds, case.steps, {**case.changes, **changes})
        for case in cases
    ]


def draw_alone(model: LoadedModel, cases: Sequence[Case]) -> list[Outcome]:
    """Each of the jobs alone, one after the other."""
    return [draw(model, case) for case in cases]


def draw_together(
    model: LoadedModel,
    cases: Sequence[Case],
    faults: Mapping[int, OnStep] | None = None,
    watches: Mapping[int, Callable[[Any], None]] | None = None,
    *,
    meetings: int = 1,
) -> list[Outcome]:
    """All the jobs at once, each in a thread of its own. After each of their first `meetings` steps they wait for each other.

    `faults` (by a job's index) are called at the end of its steps; `watches` with its pipeline.
    """
    faults, watches = faults or {}, watches or {}
    all_under_way = Barrier(len(cases))
    with ThreadPoolExecutor(len(cases)) as threads:
        drawing = [
            threads.submit(
                draw,
                model,
                case,
                on_step=faults.get(index, lambda _: None),
                watch=watches.get(index),
                meet=partial(all_under_way.wait, PATIENCE_SECONDS),
                meetings=meetings,
            )
            for index, case in enumerate(cases)
        ]
        return [job.result(PATIENCE_SECONDS) for job in drawing]


def draw(
    model: LoadedModel,
    case: Case,
    *,
    on_step: OnStep = lambda _: None,
    watch: Callable[[Any], None] | None = None,
    meet: Callable[[], object] = lambda: None,
    meetings: int = 0,
) -> Outcome:
    """One job. An error that ends it is in the outcome, not raised."""
    drawing = build_drawing(case)
    outcome = Outcome(batch_rows=drawing.job.batch_rows)

    def note_end(end: StepEnd) -> None:
        outcome.steps_seen += 1
        outcome.latents = end.latents.clone()
        if outcome.steps_seen <= meetings:
            meet()
        on_step(end)

    try:
        rendered = render_images(model, drawing, on_step=note_end, watch=watch)
    except Exception as error:  # noqa: BLE001  (the test checks it)
        outcome.error = error
    else:
        outcome.pixels = np.stack([np.asarray(image) for image in rendered.images])
    return outcome
