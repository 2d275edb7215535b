"""Pixel art: coarse squares, few tones, a dark rim and a lit upper left."""

from __future__ import annotations

import numpy as np

from demo_model.dataset.distance_fields import Field
from demo_model.dataset.styles.cut_out import CutOut
from demo_model.dataset.styles.tones import Tone, deep, edge, lay, light

#: Pixels along a square's side, in a picture of 256.
SQUARE = 4


def ground(canvas: Tone, x: Field, y: Field, tone: Tone, unit: float) -> None:  # noqa: ARG001
    canvas[:] = tone


def paint(canvas: Tone, thing: CutOut, key: int) -> None:  # noqa: ARG001
    side = np.float32(SQUARE * thing.unit)
    x, y = ((np.floor(place / side) + np.float32(0.5)) * side for place in (thing.x, thing.y))
    outline, shade, bright = thing.read(x, y)
    inside = (outline < 0).astype(np.float32)
    rim = inside * (outline > -side)

    below = thing.read(x + 1.5 * side, y + 1.5 * side)[0] > -side
    above = thing.read(x - 1.5 * side, y - 1.5 * side)[0] > -side
    lay(canvas, thing.tone, inside)
    lay(canvas, deep(thing.tone), inside * np.maximum(shade < 0, below))
    lay(canvas, light(thing.tone), inside * np.maximum(bright < 0, above & ~below & (shade > 0)).astype(np.float32))
    lay(canvas, edge(thing.tone, thing.ground), rim)
