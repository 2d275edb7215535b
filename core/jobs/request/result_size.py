"""How large a job's result is: as the request says, as its picture is, or as the task makes it."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import InvalidRequest
from core.jobs.request.derived_size import continue_picture, enlarge_picture, refuse_other_sides
from core.jobs.request.image_size import Size, follow_input
from core.jobs.request.parameters import ModelParameters
from core.jobs.request.render_request import RenderRequest


def choose_size(
    request: RenderRequest, parameters: ModelParameters, input_sizes: Mapping[str, tuple[int, int]]
) -> Size:
    """`input_sizes`: width and height (pixels) of the first picture in each image field. Raises InvalidRequest."""
    entry = parameters.entry
    step = entry.size_step_of(parameters.pipeline_class)
    largest = (entry.max_width, entry.max_height)
    if parameters.facts.own_size:
        own = Size(entry.default_width, entry.default_height)
        return _take_no_other(own, request, "the model, which draws one size")
    field = next((name for name in ("image", "control_image") if name in input_sizes), None)
    if field is None:
        return Size(request.width or entry.default_width, request.height or entry.default_height)

    picture = input_sizes[field]
    if request.expand is not None:
        size = continue_picture(picture, request.expand, largest=largest, multiple=step)
        return _take_no_other(size, request, "`image` and `expand`")
    if parameters.enlarges is not None:
        size = enlarge_picture(picture, parameters.enlarges, largest=largest, multiple=step)
        return _take_no_other(size, request, f"`image`, which is enlarged {parameters.enlarges} times")
    return follow_input(
        picture, width=request.width, height=request.height, largest=largest, multiple=step, field=field
    )


def _take_no_other(size: Size, request: RenderRequest, reason: str) -> Size:
    errors = list(refuse_other_sides(size, width=request.width, height=request.height, reason=reason))
    if errors:
        raise InvalidRequest(errors)
    return size
