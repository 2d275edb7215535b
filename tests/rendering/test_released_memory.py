"""When a render has ended, in whatever way, nothing of it waits for the garbage collector."""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.rendering.resuming import Case, TinyModels, build_drawing
from worker.rendering.errors import JobCancelled
from worker.rendering.models import LoadedModel
from worker.rendering.render import render_images
from worker.rendering.watch_steps import StepEnd

CASES = [
    Case("sd15", "text-to-image", "dpmpp_2m", (1, 2), 4),
    Case("sd15", "image-to-image", "unipc", (1,), 5),
    Case("flux-dev", "text-to-image", "flow_match_euler", (1,), 4),
    Case("z-image", "text-to-image", "flow_match_euler", (1,), 4),
]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyModels]:
    """The families of the cases."""
    folder: Path = tmp_path_factory.mktemp("released")
    models = TinyModels(folder, dict.fromkeys(case.family for case in CASES), forwards=1)
    yield models
    models.close()


class Render:
    """A render, and weak references to what it had in hand."""

    def __init__(self, model: LoadedModel, case: Case, error: type[Exception] | None = None) -> None:
        """With an `error`, it ends with one after its second step."""
        self._error = error
        self._held: dict[str, weakref.ref[Any]] = {}
        self.drawing = build_drawing(case)
        with contextlib.suppress(JobCancelled, torch.OutOfMemoryError):
            render_images(model, self.drawing, on_step=self._end_step, watch=self._watch)

    @property
    def alive(self) -> set[str]:
        """The names of what is still in memory."""
        return {name for name, held in self._held.items() if held() is not None}

    def _watch(self, pipeline: Any) -> None:
        self._held |= {"pipeline": weakref.ref(pipeline), "scheduler": weakref.ref(pipeline.scheduler)}

    def _end_step(self, end: StepEnd) -> None:
        self._held[f"latents {end.step}"] = weakref.ref(end.latents)
        # As a job does: a checkpoint is made of it.
        end.capture()
        if end.step == 2 and self._error is not None:
            raise self._error


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
@pytest.mark.parametrize("error", [None, JobCancelled, torch.OutOfMemoryError])
def test_nothing_of_a_render_is_left(models: TinyModels, case: Case, error: type[Exception] | None) -> None:
    """The job's pipeline (and with it the model, if that is evicted), its scheduler and its latents are gone when the call
    returns or raises; what the job itself keeps is small.
    """
    model = models.get(case.family)
    Render(model, case)
    gc.collect()
    gc.disable()
    try:
        render = Render(model, case, error)

        assert render.alive == set()
    finally:
        gc.enable()
    assert render.drawing.job.calls is None
