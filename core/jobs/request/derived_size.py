"""The size of a result that follows from its picture, and that no request chooses: continued and enlarged ones. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd

from core.errors import FieldError, InvalidRequest
from core.jobs.request.image_size import Size
from core.jobs.request.picture_fields import Expand


def continue_picture(picture: tuple[int, int], expand: Expand, *, largest: tuple[int, int], multiple: int) -> Size:
    """The size of a picture that is continued beyond its edges. Width and height in pixels.

    Raises InvalidRequest, naming an edge and the nearest numbers that work, if a side is larger than `largest` allows or no
    multiple of `multiple`.
    """
    others = sum((expand.left, expand.top, expand.right, expand.bottom))
    wide = _Side("width", picture[0], largest[0], multiple, ("left", expand.left), ("right", expand.right), others)
    high = _Side("height", picture[1], largest[1], multiple, ("top", expand.top), ("bottom", expand.bottom), others)
    errors = [error for side in (wide, high) if (error := side.find_error()) is not None]
    if errors:
        raise InvalidRequest(errors)
    return Size(wide.total, high.total)


def enlarge_picture(picture: tuple[int, int], factor: int, *, largest: tuple[int, int], multiple: int) -> Size:
    """The size of a picture that is enlarged `factor` times, once its sides are rounded down to what makes the result's
    multiples of `multiple`. Raises InvalidRequest if it is too small or too large for that.
    """
    step = multiple // gcd(multiple, factor)
    width, height = (side // step * step for side in picture)
    of = f"is {picture[0]} x {picture[1]} pixels"
    if not width or not height:
        raise InvalidRequest(
            [FieldError("image", f"{of}, and this model enlarges at least {step} x {step}", "out_of_range")]
        )
    if width * factor > largest[0] or height * factor > largest[1]:
        most = " x ".join(str(limit // (factor * step) * step) for limit in largest)
        raise InvalidRequest(
            [
                FieldError(
                    "image", f"{of}, and this model enlarges at most {most} to {factor} times that", "out_of_range"
                )
            ]
        )
    rounded = () if (width, height) == picture else (f"image is made {width} x {height} before it is enlarged",)
    return Size(width * factor, height * factor, rounded)


def refuse_other_sides(size: Size, *, width: int | None, height: int | None, reason: str) -> Iterator[FieldError]:
    """An error for each side that a request names and that is not the one that follows."""
    for name, named, follows in (("width", width, size.width), ("height", height, size.height)):
        if named not in (None, follows):
            message = f"is {follows}: it follows from {reason}, so leave it out"
            yield FieldError(name, message, "conflict", {"const": follows})


@dataclass(frozen=True)
class _Side:
    """One side of the result: the picture's, and what is added before and after it."""

    name: str
    picture: int
    limit: int
    multiple: int
    before: tuple[str, int]
    after: tuple[str, int]
    #: Pixels that are added at all four edges.
    added: int

    @property
    def total(self) -> int:
        return self.before[1] + self.picture + self.after[1]

    def find_error(self) -> FieldError | None:
        """What is wrong with it, named after the edge that is changed most easily: the second, unless only the first is used."""
        if self.total <= self.limit and self.total % self.multiple == 0:
            return None
        edge, value = self.before if self.before[1] and not self.after[1] else self.after
        fixed, others = self.total - value, self.added - value
        if self.picture > self.limit:
            return FieldError(
                "image",
                f"has a {self.name} of {self.picture}, and this model draws at most {self.limit}",
                "out_of_range",
            )
        fitting = [
            number
            for number in range(-fixed % self.multiple, self.limit - fixed + 1, self.multiple)
            if number or others  # something has to be continued
        ]
        below = [number for number in fitting if number < value][-1:]
        above = [number for number in fitting if number > value][:1]
        nearest = " or ".join(map(str, below + above))
        hint = f"; the nearest that work are {nearest}" if below and above else f"; the nearest that works is {nearest}"
        return FieldError(
            f"expand.{edge}",
            f"makes the {self.name} {self.total}, and this model draws multiples of {self.multiple} up to {self.limit}"
            + (hint if nearest else "; no number works here"),
            "out_of_range",
            {"enum": below + above} if nearest else None,
        )
