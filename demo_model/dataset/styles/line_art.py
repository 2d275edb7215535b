"""Line art: even lines in the thing's colour, and nothing between them."""

from __future__ import annotations

import numpy as np

from demo_model.dataset.distance_fields import Field
from demo_model.dataset.styles.cut_out import CutOut, cover, stroke
from demo_model.dataset.styles.tones import Tone, lay

#: Widths in pixels of 256, and the most that the outer may be of a thing's radius; the inner one is then thinner too.
OUTER, INNER = 4.0, 3.0
MOST = 0.09


def ground(canvas: Tone, x: Field, y: Field, tone: Tone, unit: float) -> None:  # noqa: ARG001
    canvas[:] = tone


def paint(canvas: Tone, thing: CutOut, key: int) -> None:  # noqa: ARG001
    lay(canvas, thing.tone, drawn_lines(thing))


def drawn_lines(thing: CutOut, outer: float = OUTER, inner: float = INNER) -> Field:
    """How much of every pixel is on a line, 0 to 1."""
    outline, shade, bright = thing.here()
    inside = cover(outline)
    width = thing.unit * min(1.0, MOST * thing.radius / (outer * thing.unit))
    parts = np.maximum(stroke(shade, inner * width) * (1 - cover(bright)), stroke(bright, inner * width))
    lines: Field = np.maximum(stroke(outline, outer * width), inside * parts)
    return lines
