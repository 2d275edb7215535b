"""Every object's figures as tables of exact distances, made once and read at any place and size.

The formulas of joined and cut figures are right about what is inside, and near the outline about how far it is; lines,
glows and soft shadows need the distance everywhere. So the outline is found from the formula, and distances are
measured from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from demo_model.dataset.distance_fields import Field, common
from demo_model.dataset.objects.catalogue import SHAPES
from demo_model.dataset.objects.shape import Outline

#: Tables reach so far to each side of the object's centre, in units of half its longer side.
REACH = 1.6
#: Samples along each side of a table, and of the plane that outlines are found in.
SAMPLES = 240
FINE = 640
#: Half the side of that plane: drawn objects lie within it.
PLANE = 1.2
#: Distance where there is no such part.
NOWHERE = 9.0


@dataclass(frozen=True)
class Distances:
    """Signed distances around an object whose box is centred and has a longer side of 2."""

    #: From the outline, the shaded parts and the light ones, [240 * 240, 3].
    table: Field

    def read(self, x: Field, y: Field) -> tuple[Field, Field, Field]:
        """The three distances at the coordinates, each as they are."""
        column, right = _cell(x)
        row, down = _cell(y)
        corner = row * SAMPLES + column
        upper = self._between(corner, right)
        lower = self._between(corner + SAMPLES, right)
        found = upper + down[..., None] * (lower - upper)
        return found[..., 0], found[..., 1], found[..., 2]

    def _between(self, cells: NDArray[np.int32], part: Field) -> Field:
        before: Field = self.table[cells]
        return before + part[..., None] * (self.table[cells + 1] - before)


def _cell(along: Field) -> tuple[NDArray[np.int32], Field]:
    """The sample before each coordinate, and the part of the way to the next."""
    place = ((along + np.float32(REACH)) * np.float32((SAMPLES - 1) / (2 * REACH))).clip(0, SAMPLES - 1.001)
    sample = place.astype(np.int32)
    return sample, (place - sample).astype(np.float32)


@cache
def distances(name: str) -> Distances:
    """The object's table."""
    shape = SHAPES[name]
    along = np.linspace(-PLANE, PLANE, FINE, dtype=np.float32)
    x, y = np.meshgrid(along, along)
    outline = shape.outline(x, y)

    rows, columns = np.flatnonzero((outline < 0).any(axis=1)), np.flatnonzero((outline < 0).any(axis=0))
    left, right, top, bottom = along[columns[0]], along[columns[-1]], along[rows[0]], along[rows[-1]]
    centre = ((left + right) / 2, (top + bottom) / 2)
    half = max(right - left, bottom - top) / 2

    def table(part: Outline | None) -> Field:
        if part is None:
            return np.full((SAMPLES, SAMPLES), NOWHERE, dtype=np.float32)
        figure = outline if part is shape.outline else common(part(x, y), outline)
        return _measure(figure, along, centre, half)

    parts = (table(shape.outline), table(shape.shade), table(shape.light))
    return Distances(np.stack(parts, axis=-1).reshape(-1, 3))


def _measure(figure: Field, along: Field, centre: tuple[float, float], half: float) -> Field:
    """Signed distances from the figure's outline, in units of `half`, over the table's square around the centre."""
    border = crossings(figure, along)
    reach = np.linspace(-REACH, REACH, SAMPLES) * half
    x, y = np.meshgrid(reach + centre[0], reach + centre[1])
    far, _ = cKDTree(border).query(np.stack([x.ravel(), y.ravel()], axis=1))
    step = (along[-1] - along[0]) / (len(along) - 1)
    sign = map_coordinates(figure, [(y - along[0]) / step, (x - along[0]) / step], order=1, mode="nearest")
    distance: Field = (np.where(sign < 0, -1, 1) * far.reshape(x.shape) / half).astype(np.float32)
    return distance


def crossings(figure: Field, along: Field) -> Field:
    """Points (x, y), float [points, 2], where a square field's sign changes along the rows and columns at `along`."""
    points = []
    for axis in (0, 1):
        field = figure if axis == 1 else figure.T
        before, after = field[:, :-1], field[:, 1:]
        rows, columns = np.nonzero((before < 0) != (after < 0))
        part = before[rows, columns] / (before[rows, columns] - after[rows, columns])
        crossing = along[columns] + part * (along[1] - along[0])
        other = along[rows]
        points.append(np.stack([crossing, other] if axis == 1 else [other, crossing], axis=1))
    return np.concatenate(points)
