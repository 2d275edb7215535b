"""Finds which ground a picture has: the one of all styles' and backgrounds' that it differs from least."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from demo_model.dataset.drawing import Picture, draw_ground
from demo_model.dataset.vocabulary import BACKGROUNDS, OWN_GROUNDS, STYLES

#: A pixel that differs by more, of 255 a channel on average, belongs to a thing, whatever the ground.
MOST_DIFFERENCE = 24.0

#: Pixels that are looked at first, one in so many along both sides (no style's pattern repeats so), and how many of the
#: grounds are then compared pixel by pixel.
COARSE, LIKELY = 7, 6

#: Styles with the same ground: what is on it decides between them.
PLAIN_GROUND = ("flat", "line art", "pixel art")


@dataclass(frozen=True)
class Ground:
    """A ground as a style paints it for a background's name: float32 [height, width, 3]."""

    style: str
    background: str
    tones: NDArray[np.float32]


def find_ground(picture: Picture) -> Ground:
    """Returns the picture's ground. Of `PLAIN_GROUND`, the style is the first."""
    tones = picture.astype(np.float32)
    likely = sorted(_grounds(len(picture)), key=lambda ground: _difference(tones, ground, COARSE))[:LIKELY]
    return min(likely, key=lambda ground: _difference(tones, ground, 1))


def _difference(tones: NDArray[np.float32], ground: Ground, every: int) -> float:
    """The mean difference of every so many pixels, along both sides."""
    differences = np.abs(tones[::every, ::every] - ground.tones[::every, ::every]).mean(axis=-1)
    return float(np.minimum(differences, MOST_DIFFERENCE).mean())


@cache
def _grounds(size: int) -> list[Ground]:
    return [
        Ground(style, background, draw_ground(style, background, size))
        for style in STYLES
        if style not in PLAIN_GROUND[1:]
        for background in BACKGROUNDS
        if OWN_GROUNDS.get(style, background) == background
    ]
