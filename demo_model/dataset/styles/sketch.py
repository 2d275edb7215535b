"""Sketch: a coloured pencil's wavering double outline and its hatching."""

from __future__ import annotations

import numpy as np

from demo_model.dataset.distance_fields import Field
from demo_model.dataset.styles.cut_out import CutOut, contour, cover
from demo_model.dataset.styles.noise import smooth_noise
from demo_model.dataset.styles.tones import BLACK, INK, Tone, lay, mix, pale

#: Pixels between hatches along a row, of any picture: one latent.
HATCH = 8
#: Share of that which a line covers, in the lit part and in the shaded ones.
THIN, THICK = 0.36, 0.66
LINE = 2.2


def ground(canvas: Tone, x: Field, y: Field, tone: Tone, unit: float) -> None:  # noqa: ARG001
    canvas[:] = pale(tone)


def paint(canvas: Tone, thing: CutOut, key: int) -> None:
    outline, shade, bright = thing.here()
    lay(canvas, thing.tone, cover(outline + 1.5 * thing.unit) * np.float32(0.22))

    part = np.where(shade < 0, THICK, THIN)
    slope = (thing.x - thing.centre[0] + thing.y - thing.centre[1]) / np.float32(thing.radius)
    part = part + np.clip(slope, 0, 1).astype(np.float32) * 0.22
    along = (thing.x + thing.y) % HATCH
    hatch = np.clip((part * HATCH / 2 - np.abs(along - HATCH / 2)) / 1.4 + 0.5, 0, 1)
    lay(canvas, thing.tone, (hatch * cover(outline + 2) * (1 - cover(bright))).astype(np.float32))

    line = pencil(thing.tone, thing.ground)
    for turn, strength in ((0, 0.95), (3, 0.6)):
        x = thing.x + np.float32(1.2 * thing.unit) * smooth_noise(thing.x, thing.y, 26.0, key + turn)
        y = thing.y + np.float32(1.2 * thing.unit) * smooth_noise(thing.x, thing.y, 26.0, key + turn + 1)
        outer, inner_shade, inner_light = thing.read(x, y)
        lines = contour(outer + 1, LINE * thing.unit)
        parts = np.maximum(contour(inner_shade, 1.6 * thing.unit), contour(inner_light, 1.6 * thing.unit))
        lay(canvas, line, np.float32(strength) * np.maximum(lines, cover(outer) * parts))


def pencil(tone: Tone, ground: Tone) -> Tone:
    """Darker than the hatches, except on black paper, and of black things."""
    return tone if min(tone.sum(), ground.sum()) < BLACK else mix(tone, INK, 0.45)
