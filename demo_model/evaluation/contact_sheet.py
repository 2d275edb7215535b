"""Puts many pictures side by side on one sheet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def contact_sheet(pictures: Sequence[NDArray[np.uint8]], columns: int) -> Image.Image:
    """Equal pictures, uint8 [height, width, 3] each, side by side in rows; the last row may be short."""
    height, width, _ = pictures[0].shape
    rows = -(-len(pictures) // columns)
    board = Image.new("RGB", (columns * width, rows * height), "white")
    for place, picture in enumerate(pictures):
        board.paste(Image.fromarray(picture), (place % columns * width, place // columns * height))
    return board
