"""Names a figure after the object of the dataset that it looks like most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from demo_model.dataset.objects.distances import distances
from demo_model.dataset.vocabulary import OBJECTS
from demo_model.evaluation.segmentation import Figure, Mask

#: Points along each side of the square that figures and objects are compared in, and its half in radii.
POINTS, SQUARE = 64, 1.08
#: Width of drawn lines in radii, and the distance at which a line is no longer where it belongs.
LINE, ASTRAY = 0.08, 0.16

#: Coordinates x, y in radii [64, 64].
_AXIS = ((np.arange(POINTS) + 0.5) / POINTS * 2 - 1).astype(np.float32) * np.float32(SQUARE)
_X, _Y = np.meshgrid(_AXIS, _AXIS)


def name_solid(figure: Figure, rim: float = 0.0) -> tuple[str, float]:
    """The object that covers a painted figure best, and its share of common cells (intersection over union).

    `rim` is how far the style draws beyond the object's outline, in pixels.
    """
    cells = _in_square(figure.mask, figure)
    overlaps = {}
    grown = figure.radius / max(figure.radius - rim, 1.0)
    for name in OBJECTS:
        inside = distances(name).read(_X * np.float32(grown), _Y * np.float32(grown))[0] < grown - 1
        overlaps[name] = float((cells & inside).sum() / max((cells | inside).sum(), 1))
    best = max(overlaps, key=lambda name: overlaps[name])
    return best, overlaps[best]


def name_lines(figure: Figure) -> tuple[str, float]:
    """The object whose lines a drawn figure's are nearest to, and how near, 0 to 1."""
    cells = _in_square(figure.mask, figure)
    if not cells.any():
        return OBJECTS[0], 0.0
    from_drawn = distance_transform_edt(~cells) * (2 * SQUARE / POINTS)
    fits = {name: _fit(cells, from_drawn.astype(np.float32), name) for name in OBJECTS}
    best = max(fits, key=lambda name: fits[name])
    return best, fits[best]


def _fit(cells: Mask, from_drawn: NDArray[np.float32], name: str) -> float:
    """1 where every line is in its place and none is missing, 0 where lines are astray throughout."""
    outline, shade, light = distances(name).read(_X, _Y)
    inside = outline < LINE / 2
    from_lines = np.abs(outline + LINE / 2)
    for part in (shade, light):
        from_lines = np.minimum(from_lines, np.where(inside, np.abs(part + LINE / 2), np.inf))
    expected = inside & (from_lines < LINE / 2)

    drawn_astray = np.minimum(from_lines[cells] - LINE / 2, ASTRAY).clip(0).mean()
    missing = np.minimum(from_drawn[expected], ASTRAY).mean()
    return float(1 - (drawn_astray + missing) / ASTRAY)


def _in_square(mask: Mask, figure: Figure) -> Mask:
    """The mask around the figure's centre, bool [64, 64], whose square is a little larger than the figure's box."""
    columns = np.floor(figure.centre[0] + _AXIS * figure.radius).astype(int)
    rows = np.floor(figure.centre[1] + _AXIS * figure.radius).astype(int)
    inside = ((rows >= 0) & (rows < len(mask)))[:, None] & ((columns >= 0) & (columns < mask.shape[1]))[None]
    sampled: Mask = mask[np.clip(rows, 0, len(mask) - 1)][:, np.clip(columns, 0, mask.shape[1] - 1)] & inside
    return sampled
