"""Watercolour: washes that are darker where they dried, wavering edges, and grained paper left white at the rim."""

from __future__ import annotations

import numpy as np

from demo_model.dataset.distance_fields import Field
from demo_model.dataset.styles.cut_out import CutOut, cover
from demo_model.dataset.styles.noise import smooth_noise
from demo_model.dataset.styles.tones import PAPER, Tone, deep, lay, light, mix, pale

#: Pixels of 256 that an edge wavers by, and over how many it does.
WAVER, LENGTH = 1.3, 28.0
#: Strength of the paper's grain, and its period in pixels of any picture: one latent.
GRAIN, WEAVE = 9.0, 8


def ground(canvas: Tone, x: Field, y: Field, tone: Tone, unit: float) -> None:
    canvas[:] = PAPER
    side = np.float32(256 * unit)
    rim = np.minimum(np.minimum(x, side - x), np.minimum(y, side - y)) / unit
    wash = cover(9 + 2.5 * smooth_noise(x, y, 24.0, 3) - rim, 2.0)
    cloud = smooth_noise(x, y, 40.0, 5)[..., None]
    lay(canvas, mix(pale(tone), PAPER, 0.1) - 4 * cloud, wash)
    lay(canvas, deep(pale(tone)), wash * 0.25 * np.exp(-(((rim - 11) / 2.5) ** 2)).astype(np.float32))
    canvas -= _grain(x, y)[..., None]


def paint(canvas: Tone, thing: CutOut, key: int) -> None:
    waver = np.float32(WAVER * thing.unit)
    x = thing.x + waver * smooth_noise(thing.x, thing.y, LENGTH, key)
    y = thing.y + waver * smooth_noise(thing.x, thing.y, LENGTH, key + 1)
    outline, shade, bright = thing.read(x, y)
    pool = smooth_noise(thing.x, thing.y, 30.0, key + 2)

    inside = cover(outline, 2.0)
    wash = np.clip(0.84 + 0.09 * pool, 0.6, 1)
    dried = 0.5 * np.exp(-((outline / thing.unit + 2.5) ** 2) / 5)
    lay(canvas, thing.tone, inside * wash.astype(np.float32))
    lay(canvas, deep(thing.tone), inside * cover(shade, 3.0) * np.float32(0.75))
    lay(canvas, light(thing.tone), inside * cover(bright, 3.0) * np.float32(0.9))
    lay(canvas, deep(thing.tone), inside * dried.astype(np.float32))
    canvas -= 0.6 * (inside * _grain(thing.x, thing.y))[..., None]


def _grain(x: Field, y: Field) -> Field:
    """The paper's weave: a small pattern in step with the latents."""
    turn = np.float32(2 * np.pi / WEAVE)
    woven: Field = GRAIN * 0.5 * (1 + np.sin(turn * x + 0.8) * np.sin(turn * y + 0.3))
    return woven
