"""What an architect draws: a house, a tower and a bridge."""

from __future__ import annotations

from demo_model.dataset.distance_fields import Field, box, cut, disc, ellipse, line, soft_box, soft_polygon, union
from demo_model.dataset.objects.shape import Shape


def _house(x: Field, y: Field) -> Field:
    return union(_walls(x, y), _roof(x, y), _chimney(x, y))


def _walls(x: Field, y: Field) -> Field:
    return soft_box(x, y, -0.76, -0.25, 0.76, 1, 0.04)


def _roof(x: Field, y: Field) -> Field:
    return soft_polygon(x, y, [(0, -0.92), (0.92, -0.12), (-0.92, -0.12)], 0.07)


def _chimney(x: Field, y: Field) -> Field:
    return soft_box(x, y, 0.42, -0.92, 0.68, -0.2, 0.03)


def _house_openings(x: Field, y: Field) -> Field:
    door = soft_box(x, y, -0.15, 0.42, 0.17, 1.3, 0.05)
    left = soft_box(x, y, -0.58, 0.16, -0.28, 0.48, 0.04)
    right = soft_box(x, y, 0.3, 0.16, 0.6, 0.48, 0.04)
    return union(door, left, right)


def _house_shade(x: Field, y: Field) -> Field:
    return union(_roof(x, y), _chimney(x, y))


def _tower(x: Field, y: Field) -> Field:
    shaft = soft_polygon(x, y, [(-0.3, -0.62), (0.3, -0.62), (0.42, 0.97), (-0.42, 0.97)], 0.03)
    crown = soft_box(x, y, -0.48, -0.78, 0.48, -0.42, 0.04)
    teeth = [soft_box(x, y, left, -1, left + 0.24, -0.6, 0.03) for left in (-0.48, -0.12, 0.24)]
    return union(shaft, crown, *teeth)


def _tower_shade(x: Field, y: Field) -> Field:
    crown = box(x, y, -0.7, -1.2, 0.7, -0.42)
    foot = box(x, y, -0.7, 0.8, 0.7, 1.2)
    return union(crown, foot)


def _tower_openings(x: Field, y: Field) -> Field:
    door = union(disc(x, y, (0, 0.52), 0.16), box(x, y, -0.16, 0.52, 0.16, 1.2))
    windows = [union(disc(x, y, (0, top), 0.1), box(x, y, -0.1, top, 0.1, top + 0.18)) for top in (-0.22, 0.14)]
    return union(door, *windows)


def _bridge(x: Field, y: Field) -> Field:
    deck = soft_box(x, y, -1, -0.08, 1, 0.12, 0.04)
    wall = box(x, y, -1, 0, 1, 0.62)
    arches = [ellipse(x, y, (middle, 0.66), 0.27, 0.42) for middle in (-0.64, 0, 0.64)]
    towers = [soft_box(x, y, middle - 0.1, -0.62, middle + 0.1, 0.62, 0.04) for middle in (-0.32, 0.32)]
    return union(cut(wall, *arches), deck, *towers, _cables(x, y))


def _cables(x: Field, y: Field) -> Field:
    left = line(x, y, [(-0.95, -0.04), (-0.32, -0.54), (0, -0.16)], 0.09)
    right = line(x, y, [(0, -0.16), (0.32, -0.54), (0.95, -0.04)], 0.09)
    return union(left, right)


def _bridge_shade(x: Field, y: Field) -> Field:
    return box(x, y, -1.2, -0.08, 1.2, 0.12)


BUILDINGS: dict[str, Shape] = {
    "house": Shape(_house, shade=_house_shade, light=_house_openings),
    "tower": Shape(_tower, shade=_tower_shade, light=_tower_openings),
    "bridge": Shape(_bridge, shade=_bridge_shade),
}
