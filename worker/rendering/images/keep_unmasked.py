"""Inpainting's last step: what the mask keeps is the input's own pixels, and a seam blends from them into what was drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling, fromarray

from worker.rendering.errors import RequestRefused

#: The smallest of a mask's 256 levels that is painted: diffusers halves the range between 127 and 128, too.
PAINTED_FROM = 128


def find_painted(mask: Image) -> NDArray[np.bool_]:
    """Where a grey mask paints: [height, width].

    Raises RequestRefused if that is nowhere.
    """
    painted: NDArray[np.bool_] = np.asarray(mask) >= PAINTED_FROM
    if not painted.any():
        raise RequestRefused(
            f"mask_image leaves nothing to paint: at {mask.width} x {mask.height} pixels no part of it is white."
        )
    return painted


def weigh_drawn(painted: NDArray[np.bool_], feather: int) -> NDArray[np.float32]:
    """The share of what was drawn in each pixel's colour: [height, width], 0 where the mask keeps.

    At the distance d from the nearest kept pixel (from 1, in pixels) the share is d / (feather + 1), and at most 1: a seam
    of `feather` pixels, all of it inside the painted area. Where the area has no pixel that far from its edge, the share
    rises to 1 at its middle, so that a thin line is painted, too. The picture's own border is no edge.
    """
    reach = feather + 1
    distance = _measure_distance(painted, reach)
    return np.divide(distance, _find_depth(distance, reach), out=np.zeros_like(distance), where=painted)


def keep_unmasked(drawn: Image, image: Image, shares: NDArray[np.float32]) -> Image:
    """`image` with what was drawn, as `weigh_drawn` says, in levels of sRGB. Where the share is 0 the pixels are those of
    `image`, and where it is 1 those that were drawn.
    """
    if drawn.size != image.size:
        # Some pipelines draw a large picture smaller than the request says.
        drawn = drawn.resize(image.size, Resampling.LANCZOS)
    kept = np.asarray(image, dtype=np.float32)
    blended = kept + shares[..., None] * (np.asarray(drawn, dtype=np.float32) - kept)
    return fromarray(np.rint(blended).astype(np.uint8))


def _measure_distance(painted: NDArray[np.bool_], reach: int) -> NDArray[np.float32]:
    """The Euclidean distance of each pixel to the nearest kept one, at most `reach`.

    First along the columns; then the smallest of the squares' sums along the rows (Felzenszwalb and Huttenlocher, "Distance
    Transforms of Sampled Functions", 2012).
    """
    along = np.where(painted, reach, 0).astype(np.int32)
    for row in range(1, len(along)):
        np.minimum(along[row], along[row - 1] + 1, out=along[row])
    for row in range(len(along) - 2, -1, -1):
        np.minimum(along[row], along[row + 1] + 1, out=along[row])

    squares = along * along
    nearest = squares.copy()
    for beside in range(1, reach):
        further = squares + beside * beside
        np.minimum(nearest[:, beside:], further[:, :-beside], out=nearest[:, beside:])
        np.minimum(nearest[:, :-beside], further[:, beside:], out=nearest[:, :-beside])
    distance: NDArray[np.float32] = np.sqrt(nearest, dtype=np.float32)
    return distance


def _find_depth(distance: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """The largest distance that can be reached from each pixel in `reach` steps without leaving the painted area."""
    depth = distance.copy()
    for _ in range(reach):
        rows = depth.copy()
        np.maximum(rows[1:], depth[:-1], out=rows[1:])
        np.maximum(rows[:-1], depth[1:], out=rows[:-1])
        depth = rows.copy()
        np.maximum(depth[:, 1:], rows[:, :-1], out=depth[:, 1:])
        np.maximum(depth[:, :-1], rows[:, 1:], out=depth[:, :-1])
        depth[distance == 0] = 0
    return depth
