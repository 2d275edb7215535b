"""The size of a request that says it in one word: `size`, or `aspect_ratio`. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import log

from core.errors import FieldError, InvalidRequest
from core.jobs.request.allowed_values import add_allowed
from core.jobs.request.parameters import ModelParameters
from core.jobs.request.render_request import RenderRequest

#: How much more it matters that the proportions are right than that the area is.
_WEIGHT_OF_RATIO = 4.0

#: The largest share by which the proportions may be others than those that were asked for.
_UNSEEN = 0.1


def refuse_two_sizes(request: RenderRequest) -> Iterator[FieldError]:
    """An error for each word beside which the size is said in another way, naming both."""
    sides = [name for name in ("width", "height") if getattr(request, name) is not None]
    if request.size is not None and sides:
        yield FieldError("size", _explain_conflict(sides), "conflict")
    others = [*(["size"] if request.size is not None else []), *sides]
    if request.aspect_ratio is not None and others:
        yield FieldError("aspect_ratio", _explain_conflict(others), "conflict")


def name_sides(request: RenderRequest, parameters: ModelParameters) -> RenderRequest:
    """The request with `width` and `height` in the place of the word. Raises InvalidRequest if the model draws no size of these
    proportions.
    """
    if request.size is not None:
        width, height = map(int, request.size.split("x"))
    elif request.aspect_ratio is not None:
        width, height = fit_ratio(
            request.aspect_ratio,
            area=parameters.entry.default_width * parameters.entry.default_height,
            largest=(parameters.entry.max_width, parameters.entry.max_height),
            multiple=parameters.entry.size_step_of(parameters.pipeline_class),
        )
    else:
        return request
    return request.model_copy(update={"width": width, "height": height})


def name_as_sent(error: FieldError, request: RenderRequest, parameters: ModelParameters) -> FieldError:
    """An error of a side that the request has not named itself, as one of the word that it follows from."""
    word = "size" if request.size is not None else "aspect_ratio" if request.aspect_ratio is not None else None
    if word is None or error.field not in {"width", "height"}:
        return error
    return replace(add_allowed(error, parameters), field=word, message=f"the {error.field}: {error.message}")


def fit_ratio(ratio: str, *, area: int, largest: tuple[int, int], multiple: int) -> tuple[int, int]:
    """Width and height (pixels), multiples of `multiple` up to `largest`, that are nearest to a ratio such as `16:9` with about
    `area` pixels. Raises InvalidRequest.
    """
    wide, high = map(int, ratio.split(":"))
    exact = wide / high

    def distance(size: tuple[int, int]) -> float:
        width, height = size
        return _WEIGHT_OF_RATIO * abs(log(width / height / exact)) + abs(log(width * height / area))

    widths = range(multiple, largest[0] + 1, multiple)
    sizes = (
        (width, min(max(steps, 1) * multiple, largest[1] // multiple * multiple))
        for width in widths
        for steps in (int(width / exact / multiple), int(width / exact / multiple) + 1)
    )
    width, height = min(sizes, key=distance)
    if abs(log(width / height / exact)) > _UNSEEN:
        message = (
            f"this model draws nothing like it: sides are multiples of {multiple} up to {largest[0]} x {largest[1]}"
        )
        raise InvalidRequest([FieldError("aspect_ratio", message, "out_of_range")])
    return width, height


def _explain_conflict(others: list[str]) -> str:
    named = " and ".join(f"`{name}`" for name in others)
    return f"does not go with {named}: say the size in one way"
