"""The difference between a system's pixels and those of the pipeline alone."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def largest_difference(pngs: Sequence[bytes], reference: Sequence[bytes]) -> int:
    """The largest difference of any channel of any pixel of any image, of 255."""
    return max(
        int(np.abs(_read(png) - _read(other)).max(initial=0)) for png, other in zip(pngs, reference, strict=True)
    )


def _read(png: bytes) -> NDArray[np.int16]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(np.int16)
