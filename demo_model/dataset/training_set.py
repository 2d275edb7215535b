"""The training set: random scenes without the held-out combinations."""

from __future__ import annotations

import numpy as np

from demo_model.dataset.held_out import is_for_training
from demo_model.dataset.random_scene import random_scene
from demo_model.dataset.scene import Scene

#: Sides of the pictures in pixels: of most, and of those that teach the model to draw small ones too.
PICTURE_SIZE, SMALL_SIZE = 256, 128
#: Scenes in a part of the set. Each part has a seed of its own, so that parts can be made in any order.
PART = 250


def training_scenes(seed: int, part: int) -> list[Scene]:
    """Returns the 250 scenes of the training set's part; the same seed and part give the same ones."""
    generator = np.random.default_rng((seed, part))
    return [random_scene(generator, is_for_training) for _ in range(PART)]
