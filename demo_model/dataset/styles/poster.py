"""Poster: bold shapes with a thick dark edge, shaded with the dots of a screen print."""

from __future__ import annotations

import numpy as np

from demo_model.dataset.distance_fields import Field
from demo_model.dataset.styles.cut_out import CutOut, cover
from demo_model.dataset.styles.tones import BLACK, INK, PAPER, Tone, deep, edge, lay, light, mix

#: Pixels between dots, of any picture: one latent.
DOTS = 8
#: Least darkness that has dots.
BLANK = 0.02
#: Width of the edge in pixels of 256, and its most in radii of the thing.
EDGE, THIN_EDGE = 5.0, 0.07


def ground(canvas: Tone, x: Field, y: Field, tone: Tone, unit: float) -> None:
    canvas[:] = tone
    down: Field = y / np.float32(256 * unit)
    darkness = ((down - np.float32(0.45)) / np.float32(0.55)).clip(0, 1) * np.float32(0.75)
    lay(canvas, _printed(tone), _dots(x, y, darkness))


def paint(canvas: Tone, thing: CutOut, key: int) -> None:  # noqa: ARG001
    outline, shade, bright = thing.here()
    lay(canvas, edge(thing.tone, thing.ground), cover(outline))

    inside = cover(outline + np.float32(min(EDGE * thing.unit, THIN_EDGE * thing.radius)))
    lay(canvas, thing.tone, inside)
    lay(canvas, deep(thing.tone), inside * cover(shade))
    lay(canvas, light(thing.tone), inside * cover(bright))

    slope = ((thing.x - thing.centre[0]) * 0.6 + thing.y - thing.centre[1]) / thing.radius
    lay(
        canvas,
        deep(deep(thing.tone)),
        inside * (1 - cover(bright)) * _dots(thing.x, thing.y, (slope.clip(0, 1) * 0.6).astype(np.float32)),
    )


def _printed(tone: Tone) -> Tone:
    return mix(tone, PAPER, 0.22) if tone.sum() < BLACK else mix(tone, INK, 0.22)


def _dots(x: Field, y: Field, darkness: Field) -> Field:
    """Dots whose area grows with the darkness, 0 to 1, on a lattice that the latents' grid divides."""
    from_dot = np.hypot(x % DOTS - DOTS / 2, y % DOTS - DOTS / 2)
    radius = np.sqrt(darkness / np.pi) * DOTS
    return np.where(darkness > BLANK, cover(from_dot - radius), 0).astype(np.float32)
