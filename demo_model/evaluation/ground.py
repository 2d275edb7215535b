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
    size = len(picture)
    tones = picture.astype(np.float32)
    grounds = _grounds(size)
    differences = [
        np.minimum(np.abs(tones[::2, ::2] - ground.tones[::2, ::2]).mean(axis=-1), MOST_DIFFERENCE).mean()
        + np.minimum(np.abs(tones[1::2, 1::2] - ground.tones[1::2, 1::2]).mean(axis=-1), MOST_DIFFERENCE).mean()
        for ground in grounds
    ]
    return grounds[int(np.argmin(differences))]


@cache
def _grounds(size: int) -> list[Ground]:
    return [
        Ground(style, background, draw_ground(style, background, size))
        for style in STYLES
        if style not in PLAIN_GROUND[1:]
        for background in BACKGROUNDS
        if OWN_GROUNDS.get(style, background) == background
    ]
