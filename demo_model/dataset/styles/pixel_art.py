"""Pixel art: coarse squares, few tones, a dark rim and a lit upper left."""

from __future__ import annotations

import numpy as np

from demo_model.dataset.distance_fields import Field
from demo_model.dataset.styles.cut_out import CutOut
from demo_model.dataset.styles.tones import Tone, deep, edge, lay, light

#: Pixels along a square's side, in a picture of 256.
SQUARE = 4
#: Squares from a thing's middle to its end, from which on its sides are lit and shaded.
ROUNDED = 12


def ground(canvas: Tone, x: Field, y: Field, tone: Tone, unit: float) -> None:  # noqa: ARG001
    canvas[:] = tone


def paint(canvas: Tone, thing: CutOut, key: int) -> None:  # noqa: ARG001
    side = np.float32(SQUARE * thing.unit)
    x, y = ((np.floor(place / side) + np.float32(0.5)) * side for place in (thing.x, thing.y))
    outline, shade, bright = thing.read(x, y)
    # Half of the rim lies outside: of narrow parts something is left within it.
    half = side / 2
    whole, inside = ((outline < edge_at).astype(np.float32) for edge_at in (half, -half))

    rounded = thing.radius > ROUNDED * side
    below = rounded & (thing.read(x + side, y + side)[0] > -half)
    above = rounded & (thing.read(x - side, y - side)[0] > -half)
    lay(canvas, edge(thing.tone, thing.ground), whole)
    lay(canvas, thing.tone, inside)
    lay(canvas, deep(thing.tone), inside * np.maximum(shade < 0, below))
    lay(canvas, light(thing.tone), inside * np.maximum(bright < 0, above & ~below & (shade > 0)).astype(np.float32))
