"""The sixteen objects as paper cut-outs: one connected figure each, its box centred and touching the unit square."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin

from demo_model.dataset.distance_fields import Field, box, cut, disc, hoop, polygon, union


def circle(x: Field, y: Field) -> Field:
    return disc(x, y, (0, 0), 1)


def square(x: Field, y: Field) -> Field:
    return box(x, y, -1, -1, 1, 1)


def triangle(x: Field, y: Field) -> Field:
    return polygon(x, y, [(0, -0.9), (1, 0.9), (-1, 0.9)])


def star(x: Field, y: Field) -> Field:
    # The star is (1 + cos 36°) tall and 2 sin 72° wide: divided by the latter's half, and moved down to centre its box.
    grown, down = 1 / sin(0.4 * pi), (1 - cos(0.2 * pi)) / 2
    radii = [1.0 if corner % 2 == 0 else 0.44 for corner in range(10)]
    turns = [corner * pi / 5 for corner in range(10)]
    return polygon(x, y, [(grown * r * sin(t), grown * (down - r * cos(t))) for r, t in zip(radii, turns, strict=True)])


def ring(x: Field, y: Field) -> Field:
    return hoop(x, y, (0, 0), 1, 0.48)


def cross(x: Field, y: Field) -> Field:
    return union(box(x, y, -1, -0.33, 1, 0.33), box(x, y, -0.33, -1, 0.33, 1))


def diamond(x: Field, y: Field) -> Field:
    return polygon(x, y, [(0, -1), (0.7, 0), (0, 1), (-0.7, 0)])


def heart(x: Field, y: Field) -> Field:
    turns = [2 * pi * corner / 40 for corner in range(40)]
    across = [sin(t) ** 3 for t in turns]
    down = [-(13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)) / 16 for t in turns]
    middle = (min(down) + max(down)) / 2
    return polygon(x, y, [(a, d - middle) for a, d in zip(across, down, strict=True)])


def house(x: Field, y: Field) -> Field:
    roof = polygon(x, y, [(0, -1), (1, 0), (-1, 0)])
    walls = box(x, y, -0.74, -0.1, 0.74, 1)
    chimney = box(x, y, 0.42, -0.95, 0.72, -0.2)
    door = box(x, y, -0.22, 0.36, 0.22, 1.2)
    return cut(union(roof, walls, chimney), door)


def tree(x: Field, y: Field) -> Field:
    upper = polygon(x, y, [(0, -1), (0.66, -0.1), (-0.66, -0.1)])
    lower = polygon(x, y, [(0, -0.6), (0.88, 0.6), (-0.88, 0.6)])
    trunk = box(x, y, -0.2, 0.5, 0.2, 1)
    return union(upper, lower, trunk)


def mug(x: Field, y: Field) -> Field:
    body = box(x, y, -1, -0.85, 0.4, 0.85)
    handle = hoop(x, y, (0.42, -0.05), 0.58, 0.28)
    return union(body, handle)


def lamp(x: Field, y: Field) -> Field:
    shade = polygon(x, y, [(-0.42, -1), (0.42, -1), (0.85, 0), (-0.85, 0)])
    stem = box(x, y, -0.14, -0.1, 0.14, 0.8)
    foot = box(x, y, -0.6, 0.72, 0.6, 1)
    return union(shade, stem, foot)


def chair(x: Field, y: Field) -> Field:
    back = box(x, y, -0.68, -1, -0.38, 1)
    seat = box(x, y, -0.68, -0.02, 0.68, 0.3)
    leg = box(x, y, 0.38, 0.1, 0.68, 1)
    return union(back, seat, leg)


def car(x: Field, y: Field) -> Field:
    body = box(x, y, -1, -0.12, 1, 0.42)
    cabin = polygon(x, y, [(-0.75, 0), (-0.5, -0.7), (0.35, -0.7), (0.68, 0)])
    wheels = union(disc(x, y, (-0.52, 0.4), 0.3), disc(x, y, (0.52, 0.4), 0.3))
    windows = union(box(x, y, -0.45, -0.48, -0.16, -0.12), box(x, y, 0.06, -0.48, 0.32, -0.12))
    return cut(union(body, cabin, wheels), windows)


def fish(x: Field, y: Field) -> Field:
    # Two overlapping discs leave a lens 1.5 wide and 1.0 tall.
    body = cut(disc(x, y, (-0.25, 0.3125), 0.8125), -disc(x, y, (-0.25, -0.3125), 0.8125))
    tail = polygon(x, y, [(0.2, 0), (1, -0.62), (0.78, 0), (1, 0.62)])
    eye = disc(x, y, (-0.58, -0.08), 0.14)
    return cut(union(body, tail), eye)


def flower(x: Field, y: Field) -> Field:
    turns = [2 * pi * petal / 5 for petal in range(5)]
    petals = [disc(x, y, (0.4 * sin(t), -0.34 - 0.4 * cos(t)), 0.27) for t in turns]
    middle = hoop(x, y, (0, -0.34), 0.36, 0.17)
    stem = box(x, y, -0.11, 0.2, 0.11, 1)
    leaf = polygon(x, y, [(0, 0.95), (0.15, 0.55), (0.66, 0.38), (0.5, 0.8)])
    return union(*petals, middle, stem, leaf)


#: The silhouette of each object: coordinates x, y [height, width] to signed distance [height, width].
SILHOUETTES: dict[str, Callable[[Field, Field], Field]] = {
    silhouette.__name__: silhouette
    for silhouette in (
        circle,
        square,
        triangle,
        star,
        ring,
        cross,
        diamond,
        heart,
        house,
        tree,
        mug,
        lamp,
        chair,
        car,
        fish,
        flower,
    )
}
