"""Outpainting, before the pipeline: a picture on a larger canvas, and the mask of what is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL.Image import Image, fromarray
from PIL.Image import new as new_image


def lay_out(picture: Image, expand: Mapping[str, int]) -> dict[str, Image]:
    """`image`: the picture with `left`, `top`, `right` and `bottom` more pixels, and `mask_image`: white where they are.

    Each new pixel has the colour of the picture's nearest one, so that its edges are stretched outwards: a render that begins
    in the middle of its steps (a strength below 1) starts from colours that continue the picture, not from black.
    """
    added = ((expand["top"], expand["bottom"]), (expand["left"], expand["right"]), (0, 0))
    canvas = fromarray(np.pad(np.asarray(picture.convert("RGB")), added, mode="edge"))
    mask = new_image("L", canvas.size, 255)
    left, top = expand["left"], expand["top"]
    mask.paste(0, (left, top, left + picture.width, top + picture.height))
    return {"image": canvas, "mask_image": mask}


def lay_out_first(pictures: Image | Sequence[Image], expand: Mapping[str, int]) -> dict[str, Image | Sequence[Image]]:
    """The same for one picture, or for the first of several: the others are looked at, and stay."""
    first, *others = [pictures] if isinstance(pictures, Image) else pictures
    laid = lay_out(first, expand)
    return {**laid, "image": [laid["image"], *others]} if others else {**laid}
