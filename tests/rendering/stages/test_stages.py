"""A job of a pipeline that draws in stages: its steps are counted over all of them, and each stage's prompt is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from diffusers import KandinskyV22PriorEmb2EmbPipeline

from bench.families.places import PLACES, Place
from bench.families.tiny_models import TinyModels
from worker.rendering.models import LoadedModel
from worker.rendering.models.controlled_kandinsky import count_prior_steps
from worker.rendering.prompts import PromptCache
from worker.rendering.render import render_images
from worker.rendering.watch_steps import StepEnd

pytestmark = pytest.mark.filterwarnings("ignore")


@contextmanager
def load(folder: Path, name: str) -> Iterator[tuple[LoadedModel, Place]]:
    place = next(place for place in PLACES if str(place) == name)
    with TinyModels(folder, place.family) as models:
        yield models.load(), place


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("kandinsky-2.2-folders-text-to-image", 2 + 4),
        # The strength is 0.7.
        ("kandinsky-2.2-image-to-image", 2 + 2),
        ("kandinsky-2.2-control-picture-folders-image-to-image", 2 + 2),
        ("stable-cascade-text-to-image", 2 + 4),
        ("karlo-text-to-image", 2 + 3 + 2),
    ],
)
def test_the_steps_of_all_stages_are_one_row(tmp_path: Path, name: str, steps: int) -> None:
    """From the first of the first stage to the last of the last one, which alone is the last."""
    ends: list[tuple[int, int, bool]] = []

    def note(end: StepEnd) -> None:
        ends.append((end.step, end.steps, end.is_last))

    with load(tmp_path, name) as (model, place):
        render_images(model, place.build_drawing(), on_step=note)

    assert ends == [(step, steps, step == steps) for step in range(1, steps + 1)]


def test_each_stages_reading_of_the_prompt_is_kept(tmp_path: Path) -> None:
    """Kandinsky 2.1 reads it twice, with encoders of its own; the next job with the prompt reads nothing, and draws the same."""
    cache = PromptCache()
    with load(tmp_path, "kandinsky-2.1-text-to-image") as (model, place):
        drawn = []
        for _ in range(2):
            result = render_images(model, place.build_drawing(), on_step=lambda _: None, prompt_cache=cache)
            drawn.append(np.asarray(result.images[0]))
            assert cache.count == 2
            read = result.prompts.describe(place.build_request())
            assert sorted(each["field"] for each in read) == ["negative_prompt", "prompt", "prompt"]
    assert (drawn[0] == drawn[1]).all()


def test_what_a_stage_cuts_off_is_said(tmp_path: Path) -> None:
    """Neither of them reads more than 77 tokens; a job's warnings quote the rest."""
    prompt = "a large red mug and a small blue bowl on a yellow background, " * 3
    with load(tmp_path, "kandinsky-2.1-text-to-image") as (model, place):
        result = render_images(model, place.build_drawing(prompt=prompt), on_step=lambda _: None)

    warnings = result.prompts.warn(place.build_request(prompt=prompt))
    assert len(warnings) == 2
    assert all("read the first 75" in warning for warning in warnings)


def test_the_prior_of_a_picture_does_the_steps_that_are_counted() -> None:
    """Its strength leaves some of those that it is given out."""
    for done in range(1, 1001):
        total = count_prior_steps(done)
        prior = SimpleNamespace(scheduler=SimpleNamespace(timesteps=range(total)))
        timesteps, _ = KandinskyV22PriorEmb2EmbPipeline.get_timesteps(prior, total, 0.85, "cpu")
        assert len(timesteps) == done
