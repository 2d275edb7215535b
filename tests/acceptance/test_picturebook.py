"""Picturebook draws what it is asked for: checked through the API, on pixels, by a checker without any learned part."""

from __future__ import annotations

import io
import os

import numpy as np
import pytest
from PIL import Image

from demo_model.dataset.captions import caption
from demo_model.dataset.random_scene import random_scene
from demo_model.evaluation.checker import judge
from tests.acceptance.customer import Customer

#: The same prompts in every run, so that a failure can be looked at; another number draws others.
SEED = int(os.environ.get("PICTUREBOOK_SEED", "1"))


@pytest.mark.slow
def test_twelve_random_prompts_are_drawn_right(customer: Customer) -> None:
    """Of twelve prompts at random, each picture shows the object in the colour that was asked for."""
    print(f"PICTUREBOOK_SEED={SEED}")
    generator = np.random.default_rng(SEED)
    scenes = [random_scene(generator, lambda scene: not scene.is_pair) for _ in range(12)]
    prompts = [caption(scene, generator) for scene in scenes]

    jobs = [customer.submit(prompt, seed=number) for number, prompt in enumerate(prompts)]
    jobs = customer.wait_until_all_finished(jobs, seconds=110)

    wrong = []
    for scene, job in zip(scenes, jobs, strict=True):
        [verdict] = judge(Image.open(io.BytesIO(customer.download(job["outputs"][0]))), scene).things
        if not (verdict.object and verdict.colour):
            wrong.append((job["request"]["prompt"], verdict))
    assert wrong == []


def test_another_prompt_gives_another_picture(customer: Customer) -> None:
    """The checker also refuses: a picture of one thing is not accepted as one of another."""
    generator = np.random.default_rng(SEED)
    asked, other = (random_scene(generator, lambda scene: not scene.is_pair) for _ in range(2))

    job = customer.wait_until_finished(customer.submit(caption(asked, generator), seed=0))

    [verdict] = judge(Image.open(io.BytesIO(customer.download(job["outputs"][0]))), other).things
    assert not (verdict.object and verdict.colour)
