"""Deeper, paler and mixed tones of a colour; tones are sRGB, 0 to 255."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Tone = NDArray[np.float32]

PAPER: Tone = np.array((252, 250, 244), dtype=np.float32)
INK: Tone = np.array((34, 32, 44), dtype=np.float32)
#: Sum of a tone's channels below which it counts as black, and above which as white.
BLACK, WHITE = 120.0, 735.0


def mix(one: Tone, other: Tone, part: float) -> Tone:
    """The tone at `part` of the way from one to the other."""
    mixed: Tone = (one + np.float32(part) * (other - one)).astype(np.float32)
    return mixed


def deep(tone: Tone) -> Tone:
    """The tone of a thing's shaded parts; those of a black thing are lighter than it, or nobody would see them."""
    if tone.sum() < BLACK:
        return mix(tone, PAPER, 0.24)
    return mix(tone, INK, 0.34)


def light(tone: Tone) -> Tone:
    """The tone of a thing's windows and labels; those of a white thing are a cool grey."""
    if tone.sum() > WHITE:
        return np.array((198, 208, 220), dtype=np.float32)
    return mix(tone, PAPER, 0.66)


def edge(tone: Tone, ground: Tone) -> Tone:
    """The tone of a rim that shows between a thing and its ground: ink, or what shows better where either is black."""
    if min(tone.sum(), ground.sum()) < BLACK and max(tone.sum(), ground.sum()) > WHITE:
        return deep(tone)
    return PAPER if min(tone.sum(), ground.sum()) < BLACK else INK


def pale(tone: Tone) -> Tone:
    """The tone of a pastel ground: white stays white, and black a deep grey."""
    if tone.sum() < BLACK:
        return np.array((46, 46, 54), dtype=np.float32)
    return mix(tone, PAPER, 0.6)


def lay(canvas: Tone, tone: Tone, cover: NDArray[np.float32]) -> None:
    """Paints the tone [3] or tones [height, width, 3] over the canvas where `cover` [height, width] is 1."""
    canvas += cover[..., None] * (tone - canvas)
