"""Blueprint: white lines on blue squared paper, whatever colours are asked for."""

from __future__ import annotations

import numpy as np

from demo_model.dataset.distance_fields import Field
from demo_model.dataset.styles.cut_out import CutOut, cover
from demo_model.dataset.styles.line_art import drawn_lines
from demo_model.dataset.styles.tones import PAPER, Tone, lay

BLUE: Tone = np.array((22, 66, 148), dtype=np.float32)
#: Pixels between the paper's lines, of any picture: two whole latents.
SQUARE = 16
FAINT, STRONG = 0.14, 0.3


def ground(canvas: Tone, x: Field, y: Field, tone: Tone, unit: float) -> None:  # noqa: ARG001
    canvas[:] = BLUE
    for strength, every in ((FAINT, SQUARE), (STRONG, 4 * SQUARE)):
        on_line = (np.floor(x) % every == 0) | (np.floor(y) % every == 0)
        lay(canvas, PAPER, on_line.astype(np.float32) * np.float32(strength))


def paint(canvas: Tone, thing: CutOut, key: int) -> None:  # noqa: ARG001
    lay(canvas, PAPER, cover(thing.here()[0]) * np.float32(0.12))
    lay(canvas, PAPER, drawn_lines(thing, outer=3.0, inner=2.4))
