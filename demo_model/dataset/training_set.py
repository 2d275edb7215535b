"""The training set: random scenes without the held-out combinations, drawn once and kept in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_model.dataset.drawing import draw
from demo_model.dataset.held_out import is_for_training
from demo_model.dataset.random_scene import random_scene
from demo_model.dataset.scene import Scene

#: Side of every picture in pixels.
PICTURE_SIZE = 256


@dataclass(frozen=True)
class TrainingSet:
    """Scenes and their pictures, uint8 sRGB [scenes, 256, 256, 3], in the same order."""

    scenes: list[Scene]
    pictures: NDArray[np.uint8]


def draw_training_set(seed: int, count: int) -> TrainingSet:
    """Draws `count` training pictures; the same seed gives the same pictures."""
    generator = np.random.default_rng(seed)
    scenes = [random_scene(generator, is_for_training) for _ in range(count)]
    pictures = np.empty((count, PICTURE_SIZE, PICTURE_SIZE, 3), dtype=np.uint8)
    for picture, scene in zip(pictures, scenes, strict=True):
        picture[:] = draw(scene, PICTURE_SIZE)[0]
    return TrainingSet(scenes, pictures)
