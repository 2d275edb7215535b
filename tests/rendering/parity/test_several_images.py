"""The images of one job are those of as many jobs of one image."""

from __future__ import annotations

import numpy as np
import pytest

from bench.tiny_families import FAMILIES
from core.catalog import Task
from tests.rendering.parity.company import BOUND, draw
from tests.rendering.parity.mixes import Job, build_case
from tests.rendering.quick import SAMPLE
from tests.rendering.resuming import TinyModels

SEEDS = (7, 8)

CASES = [
    pytest.param(family.id, task, marks=[] if family.id in SAMPLE else [pytest.mark.slow])
    for family in FAMILIES.values()
    for task in family.tasks
]


@pytest.mark.parametrize(("family_id", "task"), CASES)
def test_image_i_is_the_one_of_seed_plus_i(tiny_models: TinyModels, family_id: str, task: Task) -> None:
    """In every family and task, each of two images of one job is the image of a job of its own."""
    model = tiny_models.get(family_id)
    before = model.batcher.forwards

    both = draw(model, Job(build_case(family_id, task=task, seeds=SEEDS)))
    forwards, before = model.batcher.forwards - before, model.batcher.forwards
    alone = [draw(model, Job(build_case(family_id, task=task, seeds=(seed,)))) for seed in SEEDS]

    assert forwards == (model.batcher.forwards - before) / 2
    assert len(both.pictures) == 2
    for place, one in enumerate(alone):
        assert both.pixels is not None
        assert one.pixels is not None
        reach = float(one.latents.max() - one.latents.min())
        assert float((both.latents[place] - one.latents[0]).abs().max()) / reach <= BOUND
        assert float((both.pixels[place] - one.pixels[0]).abs().max()) / 2 <= BOUND
        assert np.abs(both.pictures[place] - one.pictures[0]).max() <= 1
    # Another seed is another picture.
    assert np.abs(both.pictures[0] - both.pictures[1]).max() > 10
