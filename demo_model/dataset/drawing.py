"""Draws scenes as anti-aliased flat pictures, together with the masks of what is in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo_model.dataset.distance_fields import Field
from demo_model.dataset.scene import Scene, Thing
from demo_model.dataset.silhouettes import SILHOUETTES
from demo_model.dataset.vocabulary import BACKGROUNDS, COLOURS, POSITIONS, SIZES

HALF = 0.5
#: Free space between a thing and the edge of its half or of the picture, as a fraction of the picture's side.
MARGIN = 0.0156

Picture = NDArray[np.uint8]
Masks = NDArray[np.bool_]


def draw(scene: Scene, size: int) -> tuple[Picture, Masks]:
    """The scene as a square picture.

    Returns the picture, uint8 sRGB [size, size, 3], and the things' masks, bool [things, size, size]: the pixels
    that each thing covers by at least half.
    """
    canvas = np.empty((size, size, 3), dtype=np.float32)
    canvas[:] = BACKGROUNDS[scene.background]
    masks = np.zeros((len(scene.things), size, size), dtype=bool)

    for mask, thing in zip(masks, scene.things, strict=True):
        rows, columns, covered = _cover(thing, size, paired=scene.is_pair)
        patch = canvas[rows, columns]
        patch += covered[..., None] * (np.array(COLOURS[thing.colour], dtype=np.float32) - patch)
        mask[rows, columns] = covered >= HALF

    return np.rint(canvas).astype(np.uint8), masks


def _cover(thing: Thing, size: int, *, paired: bool) -> tuple[slice, slice, Field]:
    """The rows and columns around the thing, and how much of each pixel in them it covers, 0 to 1 [height, width]."""
    radius = SIZES[thing.size] * thing.scale
    centre_x, centre_y = _centre(thing, radius, paired=paired)

    rows = _span(centre_y, radius, size)
    columns = _span(centre_x, radius, size)
    y, x = np.meshgrid(
        ((np.arange(rows.start, rows.stop) + 0.5) / size - centre_y) / radius,
        ((np.arange(columns.start, columns.stop) + 0.5) / size - centre_x) / radius,
        indexing="ij",
    )
    distance = SILHOUETTES[thing.object](x.astype(np.float32), y.astype(np.float32))

    # Coverage falls from 1 to 0 within one pixel across the outline, which is exact for straight upright edges.
    return rows, columns, np.clip(0.5 - distance * np.float32(radius * size), 0, 1)


def _centre(thing: Thing, radius: float, *, paired: bool) -> tuple[float, float]:
    """The thing's centre, moved as little as needed to keep it in its half (of two things) and in the picture."""
    anchor = POSITIONS[thing.position]
    reach = radius + MARGIN
    centre = []
    for along, shift in zip(anchor, thing.shift, strict=True):
        low, high = 0.0, 1.0
        if paired and along != HALF:
            low, high = (0.0, HALF) if along < HALF else (HALF, 1.0)
        centre.append(min(max(along + shift, low + reach), high - reach))
    return centre[0], centre[1]


def _span(centre: float, radius: float, size: int) -> slice:
    # One pixel more on either side holds the anti-aliased rim.
    return slice(max(int((centre - radius) * size) - 1, 0), min(int((centre + radius) * size) + 2, size))
