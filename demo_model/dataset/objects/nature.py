"""Plants and animals: a tree, a flower, a leaf, a fish, a cat and a bird."""

from __future__ import annotations

from math import cos, pi, sin

from demo_model.dataset.distance_fields import (
    Field,
    box,
    common,
    cut,
    disc,
    ellipse,
    line,
    rounded,
    soft_polygon,
    union,
)
from demo_model.dataset.objects.shape import Shape


def _tree(x: Field, y: Field) -> Field:
    top = soft_polygon(x, y, [(0, -0.94), (0.48, -0.3), (-0.48, -0.3)], 0.06)
    middle = soft_polygon(x, y, [(0, -0.6), (0.64, 0.16), (-0.64, 0.16)], 0.06)
    lower = soft_polygon(x, y, [(0, -0.2), (0.8, 0.6), (-0.8, 0.6)], 0.06)
    return union(top, middle, lower, _trunk(x, y))


def _trunk(x: Field, y: Field) -> Field:
    return box(x, y, -0.16, 0.66, 0.16, 1)


def _flower(x: Field, y: Field) -> Field:
    turns = [2 * pi * petal / 6 for petal in range(6)]
    petals = [disc(x, y, (0.39 * sin(t), -0.36 - 0.39 * cos(t)), 0.25) for t in turns]
    return union(*petals, disc(x, y, (0, -0.36), 0.36), _flower_stem(x, y))


def _flower_stem(x: Field, y: Field) -> Field:
    stem = box(x, y, -0.08, 0.1, 0.08, 1)
    right = common(disc(x, y, (0.16, 0.88), 0.5), disc(x, y, (0.54, 0.42), 0.5))
    left = common(disc(x, y, (-0.16, 1.0), 0.5), disc(x, y, (-0.54, 0.54), 0.5))
    return union(stem, right, left)


def _flower_shade(x: Field, y: Field) -> Field:
    return common(_flower_stem(x, y), box(x, y, -1, 0.26, 1, 1.2))


def _flower_middle(x: Field, y: Field) -> Field:
    return disc(x, y, (0, -0.36), 0.22)


def _leaf(x: Field, y: Field) -> Field:
    # A lens from the lower left to the upper right, and its stalk.
    blade = rounded(common(disc(x, y, (-0.72, -0.72), 1.36), disc(x, y, (0.8, 0.8), 1.36)), 0.06)
    stalk = line(x, y, [(-0.5, 0.54), (-0.86, 0.9)], 0.15)
    return union(blade, stalk)


def _leaf_veins(x: Field, y: Field) -> Field:
    middle = line(x, y, [(-0.6, 0.6), (0.5, -0.44)], 0.09)
    sides = [
        line(x, y, [(at, -at + 0.02), (at + along[0], -at + along[1])], 0.07)
        for at in (-0.24, 0.1)
        for along in ((0.36, 0.06), (-0.06, -0.36))
    ]
    return union(middle, *sides)


def _fish(x: Field, y: Field) -> Field:
    return union(_fish_body(x, y), _fish_fins(x, y))


def _fish_body(x: Field, y: Field) -> Field:
    return ellipse(x, y, (-0.26, 0), 0.74, 0.52)


def _fish_fins(x: Field, y: Field) -> Field:
    tail = soft_polygon(x, y, [(0.3, 0), (0.92, -0.48), (0.76, 0), (0.92, 0.48)], 0.08)
    back = soft_polygon(x, y, [(-0.4, -0.4), (0.06, -0.62), (0.12, -0.34)], 0.06)
    belly = soft_polygon(x, y, [(-0.3, 0.4), (0.04, 0.62), (0.1, 0.34)], 0.06)
    return union(tail, back, belly)


def _fish_shade(x: Field, y: Field) -> Field:
    return cut(_fish_fins(x, y), _fish_body(x, y))


def _fish_eye(x: Field, y: Field) -> Field:
    return disc(x, y, (-0.66, -0.12), 0.12)


def _cat(x: Field, y: Field) -> Field:
    body = ellipse(x, y, (0, 0.52), 0.52, 0.62)
    foot = common(ellipse(x, y, (0, 0.86), 0.56, 0.3), box(x, y, -1, 0, 1, 1))
    head = ellipse(x, y, (0, -0.34), 0.48, 0.4)
    ears = [
        soft_polygon(x, y, [(side * 0.16, -0.6), (side * 0.4, -0.92), (side * 0.42, -0.4)], 0.05) for side in (-1, 1)
    ]
    whole = union(common(body, box(x, y, -1, -1, 1, 1)), foot, head, *ears, _cat_tail(x, y))
    return common(whole, box(x, y, -2, -2, 2, 1))


def _cat_tail(x: Field, y: Field) -> Field:
    return line(x, y, [(0.4, 0.88), (0.7, 0.82), (0.84, 0.6), (0.8, 0.34), (0.7, 0.2)], 0.19)


def _cat_shade(x: Field, y: Field) -> Field:
    tail = cut(_cat_tail(x, y), ellipse(x, y, (0, 0.86), 0.56, 0.3), ellipse(x, y, (0, 0.52), 0.52, 0.62))
    legs = [line(x, y, [(side * 0.02, 0.62), (side * 0.02, 1.1)], 0.07) for side in (1,)]
    nose = soft_polygon(x, y, [(-0.05, -0.26), (0.05, -0.26), (0, -0.2)], 0.04)
    return union(tail, nose, *legs)


def _cat_eyes(x: Field, y: Field) -> Field:
    return union(disc(x, y, (-0.19, -0.4), 0.1), disc(x, y, (0.19, -0.4), 0.1))


def _bird(x: Field, y: Field) -> Field:
    body = ellipse(x, y, (-0.06, 0.16), 0.64, 0.48)
    head = disc(x, y, (0.44, -0.28), 0.36)
    neck = soft_polygon(x, y, [(0.1, -0.2), (0.7, -0.1), (0.5, 0.3)], 0.06)
    tail = soft_polygon(x, y, [(-0.5, 0.04), (-0.92, -0.22), (-0.94, 0.12), (-0.5, 0.36)], 0.06)
    legs = [line(x, y, [(at, 0.5), (at, 0.84)], 0.09) for at in (-0.08, 0.18)]
    return union(body, head, neck, tail, _beak(x, y), *legs)


def _beak(x: Field, y: Field) -> Field:
    return soft_polygon(x, y, [(0.72, -0.4), (0.98, -0.24), (0.72, -0.12)], 0.04)


def _bird_shade(x: Field, y: Field) -> Field:
    wing = common(ellipse(x, y, (-0.14, 0.14), 0.4, 0.26), box(x, y, -1, -0.1, 1, 1))
    beak = cut(_beak(x, y), disc(x, y, (0.44, -0.28), 0.36))
    legs = [line(x, y, [(at, 0.68), (at, 0.86)], 0.1) for at in (-0.08, 0.18)]
    return union(wing, beak, *legs)


def _bird_eye(x: Field, y: Field) -> Field:
    return disc(x, y, (0.54, -0.34), 0.1)


NATURE: dict[str, Shape] = {
    "tree": Shape(_tree, shade=_trunk),
    "flower": Shape(_flower, shade=_flower_shade, light=_flower_middle),
    "leaf": Shape(_leaf, light=_leaf_veins),
    "fish": Shape(_fish, shade=_fish_shade, light=_fish_eye),
    "cat": Shape(_cat, shade=_cat_shade, light=_cat_eyes),
    "bird": Shape(_bird, shade=_bird_shade, light=_bird_eye),
}
