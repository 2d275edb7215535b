"""Splits a picture into the connected figures on its ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_fill_holes, gaussian_filter, label

from demo_model.dataset.drawing import Picture
from demo_model.evaluation.ground import Ground

#: A pixel belongs to a figure when it is farther than this from the ground (Euclidean, of 255 a channel).
FOREGROUND_DISTANCE = {
    "watercolour": 34.0,
    "sketch": 30.0,
    "product photo": 40.0,
    "neon": 150.0,
    "blueprint": 110.0,
    "poster": 40.0,
}
USUAL_DISTANCE = 50.0
#: Over how many pixels the tones of styles are smoothed first whose grounds have dots or a rim: those may be blurred.
SMOOTHED = {"poster": 1.6, "watercolour": 1.2}
#: A shadow leaves at least this part of the ground's tone, and changes no hue: so far from such a tone is no shadow.
DARKEST_SHADOW, SHADOW_DISTANCE = 0.68, 10.0
#: Gaps up to this fraction of the picture's side do not split a figure.
BRIDGED_GAP = 0.012
#: Figures whose box covers less than this fraction of the picture are specks.
SPECK = 0.006
#: Styles in which hatches lie side by side; closing what is between them, in pixels.
HATCHED, HATCH_GAP = "sketch", 5

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Figure:
    """A connected figure of a picture."""

    #: What differs from the ground, bool [height, width].
    mask: Mask
    #: The same without holes.
    filled: Mask
    #: left, top, right, bottom in pixels; the last two are one past it.
    box: tuple[int, int, int, int]

    @property
    def centre(self) -> tuple[float, float]:
        """Of the box, x and y."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    @property
    def radius(self) -> float:
        """Half the box's longer side, in pixels."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top) / 2


def find_figures(picture: Picture, ground: Ground, style: str) -> list[Figure]:
    """Returns the figures, the largest first."""
    size = len(picture)
    foreground = _differs(picture, ground, style)
    if style == HATCHED:
        foreground = foreground | binary_closing(foreground, np.ones((HATCH_GAP, HATCH_GAP)))

    gap = max(round(BRIDGED_GAP * size) // 2, 1)
    around = np.ones((2 * gap + 1, 2 * gap + 1))
    padded = np.pad(foreground, gap)
    parts, count = label(binary_closing(padded, around)[gap:-gap, gap:-gap] | foreground, structure=np.ones((3, 3)))

    figures = [_figure(foreground & (parts == number)) for number in range(1, count + 1)]
    joined_up = _join_inner([figure for figure in figures if figure is not None])
    kept = [figure for figure in joined_up if _box_share(figure, size) > SPECK]
    return sorted(kept, key=lambda figure: np.count_nonzero(figure.filled), reverse=True)


def _differs(picture: Picture, ground: Ground, style: str) -> Mask:
    tones = picture.astype(np.float32)
    base = ground.tones
    if style in SMOOTHED:
        tones, base = (gaussian_filter(each, (SMOOTHED[style], SMOOTHED[style], 0)) for each in (tones, base))
    far = np.linalg.norm(tones - base, axis=-1) > FOREGROUND_DISTANCE.get(style, USUAL_DISTANCE)
    if style == "product photo":
        kept = (tones * base).sum(axis=-1) / np.maximum((base * base).sum(axis=-1), 1)
        off = np.linalg.norm(tones - kept[..., None] * base, axis=-1)
        far &= (off > SHADOW_DISTANCE) | (kept < DARKEST_SHADOW) | (kept > 1)
    found: Mask = far
    return found


def _figure(mask: Mask) -> Figure | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return Figure(mask, binary_fill_holes(mask), box)


def _join_inner(figures: list[Figure]) -> list[Figure]:
    """The figures without those whose box is within another's, which has them as its parts: windows, a clasp, a vein."""
    outer: list[Figure] = []
    for figure in sorted(figures, key=lambda each: -_area(each.box)):
        around = next((place for place, other in enumerate(outer) if _is_within(figure.box, other.box)), None)
        if around is None:
            outer.append(figure)
        else:
            mask = outer[around].mask | figure.mask
            outer[around] = Figure(mask, binary_fill_holes(mask), outer[around].box)
    return outer


def _is_within(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return one[0] >= other[0] and one[1] >= other[1] and one[2] <= other[2] and one[3] <= other[3]


def _area(box: tuple[int, int, int, int]) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _box_share(figure: Figure, size: int) -> float:
    left, top, right, bottom = figure.box
    return (right - left) * (bottom - top) / size**2
