"""Splits a picture into its background and the connected figures on it, by colour alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_model.dataset.vocabulary import BACKGROUNDS, COLOURS

#: A pixel belongs to a figure when it is farther than this from the background (Euclidean, of 255 a channel): half of
#: the least distance between two colours of the vocabulary.
FOREGROUND_DISTANCE = 50.0
#: Gaps up to this fraction of the picture's side do not split a figure.
BRIDGED_GAP = 0.024
#: Figures that cover less than this fraction of the picture are specks.
SPECK = 0.003

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Figure:
    """A connected figure: its mask, bool [height, width], and the vocabulary's colour nearest to its median tone."""

    mask: Mask
    colour: str


def find_figures(picture: NDArray[np.uint8]) -> tuple[str, list[Figure]]:
    """Returns the background's colour and the figures, largest first, of a picture, uint8 [height, width, 3]."""
    tones = picture.astype(np.float32)
    rim = np.concatenate([tones[:2].reshape(-1, 3), tones[-2:].reshape(-1, 3), tones[:, 0], tones[:, -1]])
    paper = np.median(rim, axis=0)

    foreground = np.linalg.norm(tones - paper, axis=-1) > FOREGROUND_DISTANCE
    gap = round(BRIDGED_GAP * len(picture))
    figures = [foreground & part for part in _connected_parts(_grow(foreground, gap // 2))]
    kept = sorted((mask for mask in figures if mask.mean() > SPECK), key=np.count_nonzero, reverse=True)

    return nearest_colour(paper, BACKGROUNDS), [
        Figure(mask, nearest_colour(np.median(tones[_core(mask)], axis=0), COLOURS)) for mask in kept
    ]


def nearest_colour(tone: NDArray[np.float32], palette: dict[str, tuple[int, int, int]]) -> str:
    """The name in the palette whose colour is nearest to the tone [3]."""
    distances = np.linalg.norm(np.array(list(palette.values()), dtype=np.float32) - tone, axis=1)
    return list(palette)[int(distances.argmin())]


def _core(mask: Mask) -> Mask:
    """The mask without its rim, where colours mix; the mask itself where nothing else is left."""
    shrunk = ~_grow(~mask, 1)
    return shrunk if shrunk.any() else mask


def _grow(mask: Mask, pixels: int) -> Mask:
    """The mask and all pixels within `pixels` of it, along rows, columns and diagonals."""
    for _ in range(pixels):
        mask = mask | np.pad(mask, ((1, 0), (0, 0)))[:-1] | np.pad(mask, ((0, 1), (0, 0)))[1:]
        mask = mask | np.pad(mask, ((0, 0), (1, 0)))[:, :-1] | np.pad(mask, ((0, 0), (0, 1)))[:, 1:]
    return mask


def _connected_parts(mask: Mask) -> list[Mask]:
    """The 4-connected parts of the mask."""
    parts = []
    left = mask.copy()
    while left.any():
        part = np.zeros_like(mask)
        part.flat[int(left.argmax())] = True
        while (grown := _spread(part, left)).sum() > part.sum():
            part = grown
        parts.append(part)
        left &= ~part
    return parts


def _spread(part: Mask, within: Mask) -> Mask:
    """The part, extended along rows and then along columns as far as `within` reaches."""
    for axis in (1, 0):
        part = _run_along(part, within, axis)
    return part


def _run_along(part: Mask, within: Mask, axis: int) -> Mask:
    """Every unbroken run of `within` along the axis that holds a pixel of the part."""
    lines, inside = (part, within) if axis == 1 else (part.T, within.T)
    starts = inside & ~np.pad(inside, ((0, 0), (1, 0)))[:, :-1]
    runs = starts.cumsum(axis=None).reshape(inside.shape)
    touched = np.unique(runs[lines & inside])
    found = inside & np.isin(runs, touched)
    return found if axis == 1 else found.T
