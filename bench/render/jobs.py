"""The jobs of a load: the same, in the same order, for every system."""

from __future__ import annotations

import base64
import io
import itertools
import random
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from demo_model.dataset.captions import plain_caption
from demo_model.dataset.drawing import draw
from demo_model.dataset.random_scene import random_scene

Task = Literal["text", "image"]

STEPS = (8, 12, 20)
GUIDANCE_SCALES = (1.0, 3.0, 7.5)
TASKS: tuple[Task, ...] = ("text", "image")
#: How far an input picture is noised, of 1.
STRENGTH = 0.6


@dataclass(frozen=True)
class Job:
    """One image to render. Sides in pixels; the input picture, of an image-to-image job, is a PNG in base64."""

    task: Task
    prompt: str
    steps: int
    guidance_scale: float
    seed: int
    width: int
    height: int
    image: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The job as it is sent over a pipe or HTTP."""
        return asdict(self)

    def input_picture(self) -> Image.Image:
        """The input picture of an image-to-image job."""
        if self.image is None:
            raise ValueError("a text-to-image job has no input picture")
        return Image.open(io.BytesIO(base64.b64decode(self.image))).convert("RGB")


def make_jobs(load: str, count: int, *, seed: int, size: int, tasks: tuple[Task, ...] = TASKS) -> list[Job]:
    """`count` jobs of a load, with prompts of their own, so that no cache of an earlier round's prompts helps.

    `uniform`: text to image, 12 steps, guidance 3. `mixed`: every combination of steps, guidance and task once
    before any comes twice, in an order that differs each time.
    """
    lot = random.Random(f"{load} {seed}")
    if load == "uniform":
        parameters: list[tuple[Task, int, float]] = [("text", 12, 3.0)] * count
    elif load == "mixed":
        parameters = []
        while len(parameters) < count:
            combinations = list(itertools.product(tasks, STEPS, GUIDANCE_SCALES))
            lot.shuffle(combinations)
            parameters += combinations
    else:
        raise ValueError(f"there is no load {load!r}")
    scenes = np.random.default_rng(lot.randrange(2**32))
    return [
        _make_job(task, steps, guidance_scale, seed=lot.randrange(2**31), size=size, scenes=scenes)
        for task, steps, guidance_scale in parameters[:count]
    ]


def _make_job(
    task: Task, steps: int, guidance_scale: float, *, seed: int, size: int, scenes: np.random.Generator
) -> Job:
    return Job(
        task=task,
        prompt=plain_caption(random_scene(scenes)),
        steps=steps,
        guidance_scale=guidance_scale,
        seed=seed,
        width=size,
        height=size,
        image=_draw_input(scenes, size) if task == "image" else None,
    )


def _draw_input(scenes: np.random.Generator, size: int) -> str:
    picture, _masks = draw(random_scene(scenes), size)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()
