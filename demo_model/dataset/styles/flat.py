"""Flat colour: the style of a caption that names none."""

from __future__ import annotations

from demo_model.dataset.distance_fields import Field
from demo_model.dataset.styles.cut_out import CutOut, cover
from demo_model.dataset.styles.tones import Tone, deep, lay, light


def ground(canvas: Tone, x: Field, y: Field, tone: Tone, unit: float) -> None:  # noqa: ARG001
    canvas[:] = tone


def paint(canvas: Tone, thing: CutOut, key: int) -> None:  # noqa: ARG001
    outline, shade, bright = thing.here()
    inside = cover(outline)
    lay(canvas, thing.tone, inside)
    lay(canvas, deep(thing.tone), inside * cover(shade))
    lay(canvas, light(thing.tone), inside * cover(bright))
