"""Product photo: round edges in soft light, a shadow on the floor, and a pastel ground."""

from __future__ import annotations

import numpy as np

from demo_model.dataset.distance_fields import Field
from demo_model.dataset.styles.cut_out import CutOut, cover
from demo_model.dataset.styles.tones import BLACK, PAPER, Tone, deep, lay, light, mix, pale

#: How far from the outline, of a radius, the surface is still bent.
BEND = 0.34
LIGHT_FROM = np.array((-0.45, -0.62, 0.64), dtype=np.float32)


def ground(canvas: Tone, x: Field, y: Field, tone: Tone, unit: float) -> None:
    far, near = pale(tone), mix(pale(tone), np.zeros(3, dtype=np.float32), 0.1)
    height = np.float32(256 * unit)
    down = np.clip(y / height, 0, 1)
    glow = np.exp(-(((x / height - 0.5) / 0.5) ** 2) - ((y / height - 0.4) / 0.45) ** 2)
    canvas[:] = near + (far - near) * (1 - 0.7 * down)[..., None]
    lay(canvas, PAPER, np.float32(0.06 if tone.sum() < BLACK else 0.4) * glow)


def paint(canvas: Tone, thing: CutOut, key: int) -> None:  # noqa: ARG001
    outline, shade, bright = thing.here()
    _shadow(canvas, thing, outline)

    height = _height(outline, thing.radius)
    across, down = np.gradient(height, axis=1), np.gradient(height, axis=0)
    length = np.sqrt(across**2 + down**2 + 1)
    lit = np.clip((-across * LIGHT_FROM[0] - down * LIGHT_FROM[1] + LIGHT_FROM[2]) / length, 0, 1)
    shine = np.clip((lit - 0.86) / 0.14, 0, 1) ** 2

    inside = cover(outline)
    for tone, part in (
        (thing.tone, inside),
        (deep(thing.tone), inside * cover(shade)),
        (light(thing.tone), inside * cover(bright)),
    ):
        lay(canvas, _under_light(tone, lit, shine), part)


def _under_light(tone: Tone, lit: Field, shine: Field) -> Tone:
    bright = np.where(lit < LIGHT_FROM[2], lit / LIGHT_FROM[2], 1)[..., None]
    shaded = tone * (0.62 + 0.38 * bright)
    lifted = (lit - LIGHT_FROM[2]).clip(0, 1)[..., None] * 0.5
    lifted = lifted + 0.25 * shine[..., None]
    tones: Tone = (shaded + lifted * (PAPER - shaded)).astype(np.float32)
    return tones


def _height(outline: Field, radius: float) -> Field:
    """The surface over the paper in pixels: round along the outline, flat farther in."""
    bend = np.float32(max(BEND * radius, 6.0))
    along = np.clip(1 + outline / bend, 0, 1)
    height: Field = bend * 0.6 * np.sqrt(np.maximum(1 - along**2, 0))
    return height


def _shadow(canvas: Tone, thing: CutOut, outline: Field) -> None:
    """Dark where the thing stands, and lighter to its right."""
    reach = np.float32(0.2 * thing.radius + 4 * thing.unit)
    cast = thing.moved(0.11 * thing.radius, 0.09 * thing.radius)
    soft = np.clip(0.5 - cast / reach, 0, 1) ** 2 * 0.24

    bottom = _bottom(thing, outline)
    flat_x = (thing.x - thing.centre[0]) / (0.92 * thing.radius)
    flat_y = (thing.y - bottom) / (0.11 * thing.radius + 2 * thing.unit)
    contact = np.exp(-(flat_x**4) - flat_y**2) * 0.3
    dark = np.zeros(3, dtype=np.float32)
    lay(canvas, dark, np.maximum(soft, contact).astype(np.float32))


def _bottom(thing: CutOut, outline: Field) -> float:
    rows = np.flatnonzero((outline < 0).any(axis=1))
    return float(thing.y[rows[-1], 0]) if len(rows) else thing.centre[1]
