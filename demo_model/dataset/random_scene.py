"""Makes random scenes: the same generator gives the same scenes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demo_model.dataset.scene import Scene, Thing
from demo_model.dataset.vocabulary import BACKGROUNDS, COLOURS, OBJECTS, PAIRS, POSITIONS, SIZES

#: Share of scenes with two things.
TWO_THINGS = 0.5
#: Share of scenes on the background that a caption need not name.
PLAIN_BACKGROUND = 0.3
#: Largest shift of a centre to either side, as a fraction of the picture's side (2.5 pixels of 128).
MAX_SHIFT = 0.02
#: Largest relative change of a size.
MAX_SCALE = 0.04


def random_scene(generator: np.random.Generator, accept: Callable[[Scene], bool] | None = None) -> Scene:
    """Returns a random scene; with `accept`, the first one that it accepts."""
    while True:
        scene = _any_scene(generator)
        if accept is None or accept(scene):
            return scene


def plain_background(things: tuple[Thing, ...]) -> str:
    """The background of a caption that names none: white paper, or black where something on it is white."""
    return "black" if any(thing.colour == "white" for thing in things) else "white"


def _any_scene(generator: np.random.Generator) -> Scene:
    if generator.random() < TWO_THINGS:
        positions: tuple[str, ...] = PAIRS[generator.integers(len(PAIRS))]
    else:
        positions = (_choose(generator, list(POSITIONS)),)

    things = tuple(_any_thing(generator, position) for position in positions)

    seen_on = [name for name in BACKGROUNDS if all(thing.colour != name for thing in things)]
    plain = plain_background(things)
    if plain in seen_on and generator.random() < PLAIN_BACKGROUND:
        return Scene(things, plain)
    return Scene(things, _choose(generator, seen_on))


def _any_thing(generator: np.random.Generator, position: str) -> Thing:
    shift_x, shift_y = generator.uniform(-MAX_SHIFT, MAX_SHIFT, 2)
    return Thing(
        object=_choose(generator, OBJECTS),
        colour=_choose(generator, list(COLOURS)),
        size=_choose(generator, list(SIZES)),
        position=position,
        shift=(float(shift_x), float(shift_y)),
        scale=float(generator.uniform(1 - MAX_SCALE, 1 + MAX_SCALE)),
    )


def _choose(generator: np.random.Generator, words: list[str] | tuple[str, ...]) -> str:
    return words[int(generator.integers(len(words)))]
