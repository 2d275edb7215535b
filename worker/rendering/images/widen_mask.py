"""The mask that an inpainting pipeline gets: all cells of the latents that the request's mask touches."""

from __future__ import annotations

import numpy as np
from PIL.Image import Image, fromarray

from worker.rendering.images.keep_unmasked import PAINTED_FROM


def widen_mask(mask: Image, cell: int) -> Image:
    """White in every square of `cell` x `cell` pixels in which the mask paints a pixel, and black elsewhere.

    The pipelines read a mask at one point of each of their latents' cells. What is painted elsewhere in a cell would not be
    drawn: a rim of an area, or all of a small one.
    """
    painted = np.asarray(mask.convert("L")) >= PAINTED_FROM
    height, width = painted.shape
    cells = np.logical_or.reduceat(painted, range(0, height, cell), axis=0)
    cells = np.logical_or.reduceat(cells, range(0, width, cell), axis=1)
    wide = cells.repeat(cell, axis=0)[:height].repeat(cell, axis=1)[:, :width]
    return fromarray(wide.astype(np.uint8) * 255)
