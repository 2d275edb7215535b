"""Neon: glowing tubes in the thing's colour at night, whatever ground is asked for."""

from __future__ import annotations

import numpy as np

from demo_model.dataset.distance_fields import Field
from demo_model.dataset.styles.cut_out import CutOut, cover
from demo_model.dataset.styles.tones import PAPER, Tone, lay, mix

NIGHT: Tone = np.array((27, 18, 60), dtype=np.float32)
#: Widths of the tubes and reach of their glow, in pixels of 256.
TUBE, INNER, GLOW = 5.0, 3.4, 9.0
#: Pixels of 256 from a tube to where its glow has ended.
DARK = 28.0
#: How bright a wall's bricks are, and their sides in pixels of any picture.
BRICK, WIDE, HIGH = 9.0, 32, 16
JOINT = 2


def ground(canvas: Tone, x: Field, y: Field, tone: Tone, unit: float) -> None:  # noqa: ARG001
    course = np.floor(y / HIGH)
    joint = (np.floor(y) % HIGH < JOINT) | (np.floor(x + course % 2 * (WIDE / 2)) % WIDE < JOINT)
    canvas[:] = NIGHT + np.where(joint, 0, np.float32(BRICK))[..., None]


def paint(canvas: Tone, thing: CutOut, key: int) -> None:  # noqa: ARG001
    outline, shade, bright = thing.here()
    tone = glowing(thing.tone)
    middle = TUBE * thing.unit / 2
    near = np.abs(outline + np.float32(middle))

    inside = cover(outline)
    inner = np.minimum(np.abs(np.maximum(shade, -9e3)), np.abs(bright))
    inner = np.where(outline < -TUBE * thing.unit, inner, 9e3).astype(np.float32)

    glow = 0.62 * np.exp(-near / np.float32(GLOW * thing.unit)) + 0.12 * inside
    glow = np.maximum(glow, 0.5 * np.exp(-inner / np.float32(0.6 * GLOW * thing.unit)))
    glow *= np.clip(2 - 2 * near / np.float32(DARK * thing.unit), 0, 1)
    canvas += glow[..., None] * (tone - canvas) * np.float32(0.9)
    lay(canvas, tone, cover(near - np.float32(middle)))
    lay(canvas, tone, cover(inner - np.float32(INNER * thing.unit / 2)))
    lay(canvas, mix(tone, PAPER, 0.8), cover(near - np.float32(middle * 0.45), 2.0))


def glowing(tone: Tone) -> Tone:
    """The tone of a tube's light: as bright as it can be."""
    return mix(tone * np.float32(255 / max(tone.max(), 1)), PAPER, 0.04)
