"""Makes random scenes: the same generator gives the same scenes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demo_model.dataset.scene import Scene, Thing
from demo_model.dataset.styles.tones import deep, pale
from demo_model.dataset.vocabulary import (
    BACKGROUNDS,
    COLOURS,
    DULL,
    OBJECTS,
    OWN_COLOURS,
    OWN_GROUNDS,
    PAIRS,
    POSITIONS,
    SIZES,
    STYLES,
)

#: Share of scenes with two things.
TWO_THINGS = 0.5
#: Share of flat scenes; the other styles share the rest.
FLAT = 0.25
#: Share of scenes on the background that a caption need not name.
PLAIN_BACKGROUND = 0.3
#: Styles whose ground is a paler tone of the background, the style without daylight.
PASTEL = frozenset({"product photo", "watercolour", "sketch"})
DARK = frozenset({"neon"})
#: The least distance of a thing from its ground, and in styles whose grounds show through.
LEAST_CONTRAST = 75.0
LEAST_THROUGH = {"watercolour": 95.0, "sketch": 95.0}
#: The least distance of its shaded parts, in styles that have any.
LEAST_SHADED, UNSHADED = 48.0, frozenset({"line art", "sketch"})
#: Largest shift of a centre to either side, as a fraction of the picture's side (5 pixels of 256).
MAX_SHIFT = 0.02
#: Largest relative change of a size.
MAX_SCALE = 0.04


def random_scene(generator: np.random.Generator, accept: Callable[[Scene], bool] | None = None) -> Scene:
    """Returns a random scene; with `accept`, the first one that it accepts."""
    while True:
        scene = _any_scene(generator)
        if is_seen(scene) and (accept is None or accept(scene)):
            return scene


def plain_background(things: tuple[Thing, ...]) -> str:
    """The background of a caption that names none: white paper, or black where something on it is white."""
    return "black" if any(thing.colour == "white" for thing in things) else "white"


def is_seen(scene: Scene) -> bool:
    """Whether everything in the scene stands out from its ground in its style."""
    if scene.style in DARK and any(thing.colour in DULL for thing in scene.things):
        return False
    return scene.style in OWN_GROUNDS or all(
        _stands_out(scene.style, thing.colour, scene.background) for thing in scene.things
    )


def _stands_out(style: str, colour: str, background: str) -> bool:
    """Whether a colour and its deeper tone are far enough from the ground that the style makes of a background."""
    tone, ground = (
        np.array(words[name], dtype=np.float32) for words, name in ((COLOURS, colour), (BACKGROUNDS, background))
    )
    seen_on = pale(ground) if style in PASTEL else ground
    least_shaded = 0.0 if style in UNSHADED else LEAST_SHADED
    return bool(
        np.linalg.norm(tone - seen_on) >= LEAST_THROUGH.get(style, LEAST_CONTRAST)
        and np.linalg.norm(deep(tone) - seen_on) >= least_shaded
    )


def _any_scene(generator: np.random.Generator) -> Scene:
    if generator.random() < TWO_THINGS:
        positions: tuple[str, ...] = PAIRS[generator.integers(len(PAIRS))]
    else:
        positions = (_choose(generator, list(POSITIONS)),)

    style = STYLES[0] if generator.random() < FLAT else _choose(generator, STYLES[1:])
    things = tuple(_any_thing(generator, position, style) for position in positions)
    return Scene(things, _any_background(generator, style, things), style)


def _any_background(generator: np.random.Generator, style: str, things: tuple[Thing, ...]) -> str:
    if style in OWN_GROUNDS:
        return OWN_GROUNDS[style]
    seen_on = [name for name in BACKGROUNDS if all(thing.colour != name for thing in things)]
    plain = plain_background(things)
    if plain in seen_on and generator.random() < PLAIN_BACKGROUND:
        return plain
    return _choose(generator, seen_on)


def _any_thing(generator: np.random.Generator, position: str, style: str) -> Thing:
    shift_x, shift_y = generator.uniform(-MAX_SHIFT, MAX_SHIFT, 2)
    return Thing(
        object=_choose(generator, OBJECTS),
        colour=OWN_COLOURS[style] if style in OWN_COLOURS else _choose(generator, list(COLOURS)),
        size=_choose(generator, list(SIZES)),
        position=position,
        shift=(float(shift_x), float(shift_y)),
        scale=float(generator.uniform(1 - MAX_SCALE, 1 + MAX_SCALE)),
    )


def _choose(generator: np.random.Generator, words: list[str] | tuple[str, ...]) -> str:
    return words[int(generator.integers(len(words)))]
