"""Draws scenes as anti-aliased pictures in their styles, together with the masks of what is in them."""

from __future__ import annotations

import zlib
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from demo_model.dataset.distance_fields import Field
from demo_model.dataset.scene import Scene, Thing
from demo_model.dataset.styles.catalogue import STYLES
from demo_model.dataset.styles.cut_out import CutOut
from demo_model.dataset.styles.tones import Tone
from demo_model.dataset.vocabulary import BACKGROUNDS, COLOURS, POSITIONS, SIZES

HALF = 0.5
#: Free space between a thing and the edge of its half or of the picture, as a fraction of the picture's side.
MARGIN = 0.0156
#: A thing that has the picture to itself, in the centre, is so much larger.
ALONE = 1.4
#: Around a thing's box, room for glows and shadows, in pixels of 256.
AROUND = 30
#: The picture's side that widths of lines are given for.
DESIGN_SIZE = 256

Picture = NDArray[np.uint8]
Masks = NDArray[np.bool_]


def draw(scene: Scene, size: int) -> tuple[Picture, Masks]:
    """The scene as a square picture.

    Returns the picture, uint8 sRGB [size, size, 3], and the things' masks, bool [things, size, size]: the pixels
    whose centres are inside each thing's outline, before a style bends or blurs it.
    """
    style = STYLES[scene.style]
    unit = size / DESIGN_SIZE
    ground = np.array(BACKGROUNDS[scene.background], dtype=np.float32)
    canvas = draw_ground(scene.style, scene.background, size).copy()
    y, x = _pixels(size)

    masks = np.zeros((len(scene.things), size, size), dtype=bool)
    for mask, thing in zip(masks, scene.things, strict=True):
        centre, radius = _place(thing, size, paired=scene.is_pair)
        rows, columns = (_span(middle, radius + AROUND * unit, size) for middle in reversed(centre))
        tone = np.array(COLOURS[thing.colour], dtype=np.float32)
        cut_out = CutOut(thing.object, tone, ground, centre, radius, x[rows, columns], y[rows, columns], unit)

        style.paint(canvas[rows, columns], cut_out, _key(thing))
        mask[rows, columns] = cut_out.here()[0] < 0

    return np.rint(canvas.clip(0, 255)).astype(np.uint8), masks


@lru_cache(maxsize=len(STYLES) * len(BACKGROUNDS))
def draw_ground(style: str, background: str, size: int) -> Tone:
    """The picture without things, not to be written to: float32 [size, size, 3]."""
    canvas = np.empty((size, size, 3), dtype=np.float32)
    y, x = _pixels(size)
    STYLES[style].ground(canvas, x, y, np.array(BACKGROUNDS[background], dtype=np.float32), size / DESIGN_SIZE)
    return canvas


@cache
def _pixels(size: int) -> tuple[Field, Field]:
    """The pixels' centres, y and x."""
    y, x = np.indices((size, size), dtype=np.float32) + np.float32(0.5)
    return y, x


def largest_radius(size: str, position: str, *, paired: bool) -> float:
    """Half a thing's longer side, as a fraction of the picture's."""
    return SIZES[size] * (ALONE if position == "centre" and not paired else 1.0)


def _place(thing: Thing, size: int, *, paired: bool) -> tuple[tuple[float, float], float]:
    """The thing's centre (x, y) and radius in pixels, moved as little as needed to stay in its half and the picture."""
    radius = largest_radius(thing.size, thing.position, paired=paired) * thing.scale
    reach = radius + MARGIN
    centre = []
    for along, shift in zip(POSITIONS[thing.position], thing.shift, strict=True):
        low, high = 0.0, 1.0
        if paired and along != HALF:
            low, high = (0.0, HALF) if along < HALF else (HALF, 1.0)
        centre.append(min(max(along + shift, low + reach), high - reach) * size)
    return (centre[0], centre[1]), radius * size


def _span(centre: float, reach: float, size: int) -> slice:
    return slice(max(int(centre - reach), 0), min(int(centre + reach) + 1, size))


def _key(thing: Thing) -> int:
    """A number of the thing's own, for the noise in its picture."""
    return zlib.crc32(repr(thing).encode()) % 4096
