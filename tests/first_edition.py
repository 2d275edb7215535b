"""What the weights that ship know: those of Picturebook's first edition, until the second's are in their place."""

from __future__ import annotations

import numpy as np

from demo_model.dataset.captions import caption
from demo_model.dataset.objects.geometric import GEOMETRIC
from demo_model.dataset.scene import Scene

OBJECTS = frozenset(GEOMETRIC) | {"house", "tree", "mug", "lamp", "chair", "car", "fish", "flower"}


def is_known(scene: Scene) -> bool:
    """Whether the scene is flat, with the sixteen objects of the first edition."""
    return scene.style == "flat" and all(thing.object in OBJECTS for thing in scene.things)


def known_caption(scene: Scene, generator: np.random.Generator) -> str:
    """A wording that leaves the style unsaid."""
    while "flat" in (words := caption(scene, generator)):
        pass
    return words
