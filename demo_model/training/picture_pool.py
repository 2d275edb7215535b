"""Fresh pictures for the autoencoder: a pool of drawn ones, of which each batch replaces a few."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from demo_model.dataset.drawing import Picture, draw
from demo_model.dataset.held_out import is_for_training
from demo_model.dataset.random_scene import random_scene
from demo_model.dataset.scene import Scene
from demo_model.dataset.training_set import PICTURE_SIZE, SMALL_SIZE
from demo_model.dataset.vocabulary import POSITIONS
from demo_model.generative_model.autoencoder import DOWNSCALE
from demo_model.generative_model.pixels import to_tensor

#: Pictures redrawn for every batch.
REDRAWN = 2
#: Share of small pictures.
SMALL = 0.15
#: Share of crops that may show any part of a picture; the others are near one of its things.
ANYWHERE = 0.25
#: Pixels between a crop's middle and its thing's anchor, at most.
AROUND = 52


class PicturePool:
    """Crops of training pictures, drawn from a generator."""

    def __init__(self, generator: np.random.Generator, pictures: int) -> None:
        self._generator = generator
        self._drawn = [self._new() for _ in range(pictures)]

    def crops(self, count: int, side: int) -> Tensor:
        """A batch of square crops, float [count, 3, side, side] in [-1, 1]."""
        for place in self._generator.integers(len(self._drawn), size=REDRAWN):
            self._drawn[place] = self._new()

        crops = np.empty((count, side, side, 3), dtype=np.uint8)
        for crop, place in zip(crops, self._generator.integers(len(self._drawn), size=count), strict=True):
            scene, picture = self._drawn[place]
            left, top = self._corner(scene, side, len(picture))
            crop[:] = picture[top : top + side, left : left + side]
        return to_tensor(crops)

    def _new(self) -> tuple[Scene, Picture]:
        scene = random_scene(self._generator, is_for_training)
        return scene, draw(scene, SMALL_SIZE if self._generator.random() < SMALL else PICTURE_SIZE)[0]

    def _corner(self, scene: Scene, side: int, size: int) -> tuple[int, int]:
        """A crop's left and upper edge: whole latents only, since the encoder sees all pictures on the same grid."""
        thing = scene.things[self._generator.integers(len(scene.things))]
        corner = np.array(POSITIONS[thing.position]) * size + self._generator.uniform(-AROUND, AROUND, 2)
        corner -= side / 2
        if self._generator.random() < ANYWHERE:
            corner = self._generator.uniform(0, size - side, 2)
        left, top = (np.clip(corner / DOWNSCALE, 0, (size - side) // DOWNSCALE).round() * DOWNSCALE).astype(int)
        return int(left), int(top)
