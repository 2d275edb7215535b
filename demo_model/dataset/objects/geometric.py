"""The eight geometric shapes, of one tone each."""

from __future__ import annotations

from math import cos, pi, sin

from demo_model.dataset.distance_fields import Field, disc, hoop, soft_box, soft_polygon, union
from demo_model.dataset.objects.shape import Shape


def _circle(x: Field, y: Field) -> Field:
    return disc(x, y, (0, 0), 1)


def _square(x: Field, y: Field) -> Field:
    return soft_box(x, y, -1, -1, 1, 1, 0.08)


def _triangle(x: Field, y: Field) -> Field:
    return soft_polygon(x, y, [(0, -0.8), (0.88, 0.82), (-0.88, 0.82)], 0.09)


def _star(x: Field, y: Field) -> Field:
    radii = [1.0 if corner % 2 == 0 else 0.45 for corner in range(10)]
    turns = [corner * pi / 5 for corner in range(10)]
    return soft_polygon(x, y, [(r * sin(t), -r * cos(t)) for r, t in zip(radii, turns, strict=True)], 0.06)


def _ring(x: Field, y: Field) -> Field:
    return hoop(x, y, (0, 0), 1, 0.52)


def _cross(x: Field, y: Field) -> Field:
    return union(soft_box(x, y, -1, -0.34, 1, 0.34, 0.08), soft_box(x, y, -0.34, -1, 0.34, 1, 0.08))


def _diamond(x: Field, y: Field) -> Field:
    return soft_polygon(x, y, [(0, -0.93), (0.64, 0), (0, 0.93), (-0.64, 0)], 0.06)


def _heart(x: Field, y: Field) -> Field:
    turns = [2 * pi * corner / 64 for corner in range(64)]
    across = [sin(t) ** 3 for t in turns]
    down = [-(13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)) / 16 for t in turns]
    return soft_polygon(x, y, list(zip(across, down, strict=True)), 0.05)


GEOMETRIC: dict[str, Shape] = {
    "circle": Shape(_circle),
    "square": Shape(_square),
    "triangle": Shape(_triangle),
    "star": Shape(_star),
    "ring": Shape(_ring),
    "cross": Shape(_cross),
    "diamond": Shape(_diamond),
    "heart": Shape(_heart),
}
