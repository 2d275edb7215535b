"""The scenes that a trained model is asked to draw: all things in them are held out from training."""

from __future__ import annotations

import numpy as np

from demo_model.dataset.held_out import is_for_evaluation
from demo_model.dataset.random_scene import random_scene
from demo_model.dataset.scene import Scene


def evaluation_scenes(count: int, seed: int) -> list[Scene]:
    """Returns scenes of held-out combinations only, in turn with one thing and with two; a seed gives the same ones."""
    generator = np.random.default_rng(seed)
    return [_held_out_scene(generator, pair=number % 2 == 1) for number in range(count)]


def _held_out_scene(generator: np.random.Generator, *, pair: bool) -> Scene:
    return random_scene(generator, lambda scene: scene.is_pair == pair and is_for_evaluation(scene))
