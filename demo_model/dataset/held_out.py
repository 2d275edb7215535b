"""The split between what training may see and what evaluation asks for."""

from __future__ import annotations

from hashlib import blake2s

from demo_model.dataset.scene import Scene, Thing

#: One combination in this many is never drawn for training.
ONE_IN = 10


def is_held_out(thing: Thing) -> bool:
    """Whether training never sees this object, colour and position together. Depends on the three words only."""
    digest = blake2s(" ".join(thing.combination).encode()).digest()
    return digest[0] % ONE_IN == 0


def is_for_training(scene: Scene) -> bool:
    """Whether training may see the scene: nothing in it is held out."""
    return not any(is_held_out(thing) for thing in scene.things)


def is_for_evaluation(scene: Scene) -> bool:
    """Whether the scene is new to the model in every part: each thing in it is held out."""
    return all(is_held_out(thing) for thing in scene.things)
