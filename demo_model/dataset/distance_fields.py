"""Signed distance fields of plain figures: negative inside, positive outside, one unit per unit of the plane.

Source of the formulas: Inigo Quilez, "2D distance functions", https://iquilezles.org/articles/distfunctions2d/
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

#: Distances or coordinates [height, width]; x grows to the right, y downwards.
Field = NDArray[np.float32]


def disc(x: Field, y: Field, centre: tuple[float, float], radius: float) -> Field:
    """A filled circle."""
    distance: Field = np.hypot(x - centre[0], y - centre[1]) - np.float32(radius)
    return distance


def hoop(x: Field, y: Field, centre: tuple[float, float], outer: float, inner: float) -> Field:
    """A circle with a round hole."""
    return np.maximum(disc(x, y, centre, outer), -disc(x, y, centre, inner))


def box(x: Field, y: Field, left: float, top: float, right: float, bottom: float) -> Field:  # noqa: PLR0917
    """An upright rectangle."""
    outside_x = np.maximum(np.float32(left) - x, x - np.float32(right))
    outside_y = np.maximum(np.float32(top) - y, y - np.float32(bottom))
    corner = np.hypot(np.maximum(outside_x, 0), np.maximum(outside_y, 0))
    distance: Field = corner + np.minimum(np.maximum(outside_x, outside_y), 0)
    return distance


def ellipse(x: Field, y: Field, centre: tuple[float, float], across: float, down: float) -> Field:
    """A filled ellipse of the half-axes `across` and `down`; exact on its outline, near it elsewhere."""
    dx, dy = x - centre[0], y - centre[1]
    outer = np.hypot(dx / across, dy / down)
    slope = np.maximum(np.hypot(dx / across**2, dy / down**2), 1e-6)
    distance: Field = (outer * (outer - 1) / slope).astype(np.float32)
    return distance


def line(x: Field, y: Field, points: Sequence[tuple[float, float]], width: float) -> Field:
    """A round-ended stroke through the points."""
    nearest = np.full_like(x, np.inf)
    for (start_x, start_y), (end_x, end_y) in pairwise(points):
        side_x, side_y = end_x - start_x, end_y - start_y
        along = np.clip(((x - start_x) * side_x + (y - start_y) * side_y) / (side_x**2 + side_y**2), 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - start_x - along * side_x, y - start_y - along * side_y))
    distance: Field = nearest - np.float32(width / 2)
    return distance


def polygon(x: Field, y: Field, corners: Sequence[tuple[float, float]]) -> Field:
    """A closed polygon, convex or not, without crossing sides."""
    nearest = np.full_like(x, np.inf)
    inside = np.zeros(x.shape, dtype=bool)

    for (start_x, start_y), (end_x, end_y) in zip(corners, [*corners[1:], corners[0]], strict=True):
        side_x, side_y = end_x - start_x, end_y - start_y
        along = ((x - start_x) * side_x + (y - start_y) * side_y) / (side_x**2 + side_y**2)
        along = np.clip(along, 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - start_x - along * side_x, y - start_y - along * side_y))

        if side_y != 0:
            crosses = (start_y <= y) != (end_y <= y)
            inside ^= crosses & (x < start_x + (y - start_y) * (side_x / side_y))

    return np.where(inside, -nearest, nearest).astype(np.float32)


def rounded(field: Field, radius: float) -> Field:
    """The figure grown by `radius`, which rounds its convex corners."""
    return field - np.float32(radius)


def soft_box(x: Field, y: Field, left: float, top: float, right: float, bottom: float, radius: float) -> Field:  # noqa: PLR0917
    """An upright rectangle with rounded corners."""
    return rounded(box(x, y, left + radius, top + radius, right - radius, bottom - radius), radius)


def soft_polygon(x: Field, y: Field, corners: Sequence[tuple[float, float]], radius: float) -> Field:
    """A polygon grown by `radius`, with rounded corners."""
    return rounded(polygon(x, y, corners), radius)


def common(*fields: Field) -> Field:
    """What is in all of the figures."""
    overlap: Field = np.maximum.reduce(fields)
    return overlap


def union(*fields: Field) -> Field:
    """All that is in any of the figures."""
    together: Field = np.minimum.reduce(fields)
    return together


def cut(field: Field, *holes: Field) -> Field:
    """The figure without what is in the holes."""
    rest: Field = np.maximum.reduce([field, *(-hole for hole in holes)])
    return rest
