"""The image size of a job that starts from an image. Pure functions."""

from __future__ import annotations


def follow_input(
    size: tuple[int, int], *, width: int | None, height: int | None, largest: tuple[int, int], multiple: int
) -> tuple[int, int]:
    """Width and height in pixels: those that the request names; a side that it leaves out follows the input's own size.

    If the request names neither, they are the input's, made smaller in proportion until they fit `largest`; if it names
    one, the other is in proportion. Rounded to the nearest `multiple` within the limits.
    """
    input_width, input_height = size
    if width is not None:
        scale = width / input_width
    elif height is not None:
        scale = height / input_height
    else:
        scale = min(1.0, largest[0] / input_width, largest[1] / input_height)
    return (
        width or _round(input_width * scale, largest[0], multiple),
        height or _round(input_height * scale, largest[1], multiple),
    )


def _round(side: float, limit: int, multiple: int) -> int:
    return min(max(round(side / multiple), 1), limit // multiple) * multiple
