"""The image size of a job that starts from an image. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import FieldError, InvalidRequest

#: Width and height in pixels, by their names.
_Sides = Mapping[str, float]

#: The largest share by which rounding may change the input's proportions without a warning.
_UNSEEN = 0.1


@dataclass(frozen=True)
class Size:
    """Width and height in pixels, and a sentence for each side that is far from the input's proportions."""

    width: int
    height: int
    warnings: tuple[str, ...] = ()


def follow_input(
    size: tuple[int, int],
    *,
    width: int | None,
    height: int | None,
    largest: tuple[int, int],
    multiple: int,
    field: str = "image",
) -> Size:
    """The size that the request names; a side that it leaves out follows that of the input, the picture in `field`.

    If the request names neither side, the size is the input's, made smaller in proportion until it fits `largest`; if it
    names one, the other is in proportion. A side in proportion is rounded to the nearest `multiple`. Raises InvalidRequest
    if it would be larger than `largest` allows, or smaller than half a `multiple`: the picture would be squashed.
    """
    sides, limits = _name_sides(size), _name_sides(largest)
    named = {side: value for side, value in (("width", width), ("height", height)) if value is not None}
    if named:
        side, value = next(iter(named.items()))
        scale = value / sides[side]
    else:
        side, scale = field, _fit(sides, limits, multiple)

    chosen, warnings = dict(named), []
    for other in sides.keys() - named.keys():
        exact = sides[other] * scale
        rounded = _round(exact, multiple)
        # A named side over its own limit has an error of its own, and that is enough.
        chosen[other] = min(rounded, limits[other])
        if rounded > limits[other] and named[side] <= limits[side]:
            raise InvalidRequest(
                [FieldError(side, _explain_too_large(sides, limits, side, other, multiple), "out_of_range")]
            )
        if rounded == 0:
            raise InvalidRequest([FieldError(side, _explain_too_small(sides, other, exact, multiple), "out_of_range")])
        if abs(rounded / exact - 1) > _UNSEEN:
            warnings.append(f"{other} is {rounded}, where the proportions of {field} make {exact:.1f}")
    return Size(chosen["width"], chosen["height"], tuple(warnings))


def _name_sides(size: tuple[int, int]) -> dict[str, int]:
    return {"width": size[0], "height": size[1]}


def _fit(sides: _Sides, limits: _Sides, multiple: int) -> float:
    """The scale at which the input fits the limits: 1, or less; more only if a side would be under one multiple."""
    most = min(limits[side] / sides[side] for side in sides)
    return min(most, max(1.0, multiple / min(sides.values())))


def _explain_too_large(sides: _Sides, limits: _Sides, side: str, other: str, multiple: int) -> str:
    exact = f"in proportion to it the {other} is more than the {limits[other]} that this model allows at most"
    fitting = (
        value
        for value in range(int(limits[side]), 0, -multiple)
        if 0 < _round(value / sides[side] * sides[other], multiple) <= limits[other]
    )
    largest = next(fitting, None)
    hint = "" if largest is None else f"; the largest {side} that fits is {largest}"
    return f"{exact}{hint}; name width and height to have the picture stretched"


def _explain_too_small(sides: _Sides, other: str, exact: float, multiple: int) -> str:
    return (
        f"of a picture of {sides['width']} x {sides['height']} the {other} is {exact:.1f} in proportion, and this model "
        f"draws multiples of {multiple}; name width and height to have the picture stretched"
    )


def _round(side: float, multiple: int) -> int:
    return round(side / multiple) * multiple
