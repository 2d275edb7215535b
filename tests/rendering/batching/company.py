"""Eight jobs that share one model's denoiser, and the outcome of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Condition
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


class Meetings:
    """Jobs that wait for each other after a step, until all have come that are still under way."""

    def __init__(self, jobs: int) -> None:
        self._condition = Condition()
        self._jobs = jobs
        self._waiting = 0
        self._held = 0

    def wait(self) -> None:
        """Wait for the others."""
        with self._condition:
            held = self._held
            self._waiting += 1
            self._end_if_complete()
            assert self._condition.wait_for(lambda: self._held > held, PATIENCE_SECONDS), "a job does not come"

    def leave(self) -> None:
        """The job has ended: nobody waits for it any more."""
        with self._condition:
            self._jobs -= 1
            self._end_if_complete()

    def _end_if_complete(self) -> None:
        if self._waiting == self._jobs:
            self._waiting = 0
            self._held += 1
            self._condition.notify_all()


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
    under_way = Meetings(len(cases))
    with ThreadPoolExecutor(len(cases)) as threads:
        drawing = [
            threads.submit(
                draw,
                model,
                case,
                on_step=faults.get(index, lambda _: None),
                watch=watches.get(index),
                meetings=under_way,
                meets=meetings,
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
    meetings: Meetings | None = None,
    meets: int = 0,
) -> Outcome:
    """One job. An error that ends it is in the outcome, not raised."""
    drawing = build_drawing(case)
    outcome = Outcome(batch_rows=drawing.job.batch_rows)

    def note_end(end: StepEnd) -> None:
        outcome.steps_seen += 1
        outcome.latents = end.latents.clone()
        if meetings is not None and outcome.steps_seen <= meets:
            meetings.wait()
        on_step(end)

    try:
        rendered = render_images(model, drawing, on_step=note_end, watch=watch)
    except Exception as error:  # noqa: BLE001  (the test checks it)
        outcome.error = error
    else:
        outcome.pixels = np.stack([np.asarray(image) for image in rendered.images])
    finally:
        if meetings is not None:
            meetings.leave()
    return outcome
