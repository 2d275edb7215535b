"""What a shop sells: a mug, a lamp, a chair, a car, a bottle, a shoe and a bag."""

from __future__ import annotations

from demo_model.dataset.distance_fields import (
    Field,
    box,
    common,
    cut,
    disc,
    ellipse,
    hoop,
    line,
    soft_box,
    soft_polygon,
    union,
)
from demo_model.dataset.objects.shape import Shape


def _mug(x: Field, y: Field) -> Field:
    body = soft_box(x, y, -1, -0.85, 0.42, 0.85, 0.16)
    handle = hoop(x, y, (0.42, -0.05), 0.56, 0.29)
    return union(body, handle)


def _mug_shade(x: Field, y: Field) -> Field:
    handle = cut(hoop(x, y, (0.42, -0.05), 0.56, 0.29), soft_box(x, y, -1, -0.85, 0.42, 0.85, 0.16))
    return union(handle, box(x, y, -1.2, -0.9, 0.42, -0.62))


def _mug_light(x: Field, y: Field) -> Field:
    return line(x, y, [(-0.72, -0.36), (-0.72, 0.36)], 0.16)


def _lamp(x: Field, y: Field) -> Field:
    return union(_lamp_shade_of_cloth(x, y), _lamp_stand(x, y))


def _lamp_shade_of_cloth(x: Field, y: Field) -> Field:
    return soft_polygon(x, y, [(-0.4, -0.95), (0.4, -0.95), (0.8, 0), (-0.8, 0)], 0.06)


def _lamp_stand(x: Field, y: Field) -> Field:
    stem = box(x, y, -0.12, 0, 0.12, 0.85)
    foot = soft_box(x, y, -0.56, 0.76, 0.56, 1, 0.1)
    return union(stem, foot)


def _lamp_lower(x: Field, y: Field) -> Field:
    return cut(_lamp_stand(x, y), _lamp_shade_of_cloth(x, y))


def _lamp_light(x: Field, y: Field) -> Field:
    return soft_polygon(x, y, [(-0.2, -0.72), (-0.06, -0.72), (-0.16, -0.2), (-0.42, -0.2)], 0.04)


def _chair(x: Field, y: Field) -> Field:
    back = soft_box(x, y, -0.7, -1, -0.42, 1, 0.08)
    seat = soft_box(x, y, -0.7, 0, 0.7, 0.3, 0.08)
    leg = soft_box(x, y, 0.42, 0.1, 0.7, 1, 0.08)
    return union(back, seat, leg)


def _chair_shade(x: Field, y: Field) -> Field:
    return union(box(x, y, 0.3, 0.3, 0.8, 1.2), box(x, y, -0.8, 0.3, -0.3, 1.2))


def _car(x: Field, y: Field) -> Field:
    body = soft_box(x, y, -1, -0.14, 1, 0.44, 0.16)
    cabin = soft_polygon(x, y, [(-0.7, 0.1), (-0.44, -0.58), (0.3, -0.58), (0.62, 0.1)], 0.1)
    return union(body, cabin, _wheels(x, y))


def _wheels(x: Field, y: Field) -> Field:
    return union(disc(x, y, (-0.54, 0.42), 0.28), disc(x, y, (0.54, 0.42), 0.28))


def _car_light(x: Field, y: Field) -> Field:
    rear = soft_polygon(x, y, [(-0.52, -0.12), (-0.36, -0.48), (-0.14, -0.48), (-0.14, -0.12)], 0.04)
    front = soft_polygon(x, y, [(0.06, -0.12), (0.06, -0.48), (0.24, -0.48), (0.42, -0.12)], 0.04)
    hubs = union(disc(x, y, (-0.54, 0.42), 0.11), disc(x, y, (0.54, 0.42), 0.11))
    return union(rear, front, hubs)


def _bottle(x: Field, y: Field) -> Field:
    body = soft_box(x, y, -0.42, -0.3, 0.42, 1, 0.12)
    shoulder = ellipse(x, y, (0, -0.24), 0.42, 0.36)
    neck = soft_box(x, y, -0.15, -0.9, 0.15, 0, 0.03)
    return union(body, shoulder, neck, _bottle_cap(x, y))


def _bottle_cap(x: Field, y: Field) -> Field:
    return soft_box(x, y, -0.2, -1, 0.2, -0.74, 0.05)


def _bottle_light(x: Field, y: Field) -> Field:
    return soft_box(x, y, -0.27, 0.12, 0.27, 0.68, 0.06)


def _shoe(x: Field, y: Field) -> Field:
    leg = soft_polygon(x, y, [(-0.9, -0.56), (-0.28, -0.56), (-0.14, 0.3), (-0.9, 0.3)], 0.08)
    toe = common(ellipse(x, y, (0.2, 0.42), 0.78, 0.66), box(x, y, -0.8, -0.5, 1.2, 0.44))
    return union(leg, toe, _sole(x, y))


def _sole(x: Field, y: Field) -> Field:
    return soft_box(x, y, -1, 0.34, 1, 0.64, 0.12)


def _shoe_shade(x: Field, y: Field) -> Field:
    laces = [line(x, y, [(-0.26 + move, -0.3 + move), (0.0 + move, -0.5 + move)], 0.1) for move in (0, 0.2, 0.4)]
    collar = box(x, y, -1.2, -0.8, 0, -0.44)
    return union(collar, *laces)


def _bag(x: Field, y: Field) -> Field:
    body = soft_polygon(x, y, [(-0.68, -0.3), (0.68, -0.3), (0.78, 0.9), (-0.78, 0.9)], 0.1)
    return union(body, _bag_handle(x, y))


def _bag_handle(x: Field, y: Field) -> Field:
    arch = hoop(x, y, (0, -0.46), 0.54, 0.36)
    sides = union(box(x, y, -0.54, -0.46, -0.36, 0), box(x, y, 0.36, -0.46, 0.54, 0))
    return union(common(arch, box(x, y, -1, -1.2, 1, -0.46)), sides)


def _bag_shade(x: Field, y: Field) -> Field:
    above = cut(_bag_handle(x, y), soft_polygon(x, y, [(-0.68, -0.3), (0.68, -0.3), (0.78, 0.9), (-0.78, 0.9)], 0.1))
    return union(above, box(x, y, -1, -0.5, 1, -0.14))


def _bag_light(x: Field, y: Field) -> Field:
    return soft_box(x, y, -0.2, -0.28, 0.2, 0.08, 0.08)


GOODS: dict[str, Shape] = {
    "mug": Shape(_mug, shade=_mug_shade, light=_mug_light),
    "lamp": Shape(_lamp, shade=_lamp_lower, light=_lamp_light),
    "chair": Shape(_chair, shade=_chair_shade),
    "car": Shape(_car, shade=_wheels, light=_car_light),
    "bottle": Shape(_bottle, shade=_bottle_cap, light=_bottle_light),
    "shoe": Shape(_shoe, shade=_shoe_shade, light=_sole),
    "bag": Shape(_bag, shade=_bag_shade, light=_bag_light),
}
