"""Images held against those that they repeat, pixel by pixel."""

from __future__ import annotations

import hashlib
import io
import math
from dataclasses import dataclass

import numpy as np
from PIL.Image import open as open_image

#: The largest value of a channel.
_PEAK = 255.0


@dataclass(frozen=True)
class Pixels:
    """A decoded image."""

    #: 8-bit RGB, [height, width, 3].
    values: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

    @classmethod
    def decode(cls, body: bytes) -> Pixels:
        """Of a file that we have encoded."""
        with open_image(io.BytesIO(body)) as image:
            return cls(np.asarray(image.convert("RGB")))

    @property
    def sha256(self) -> str:
        """Of the values, row by row."""
        return hashlib.sha256(self.values.tobytes()).hexdigest()


def measure_psnr(one: Pixels, other: Pixels) -> float | None:
    """The peak signal-to-noise ratio in dB, 10 log10(255^2 / mean squared error) over all channels; None for equal images, whose ratio
    is infinite, and for images of different sizes.
    """
    if one.values.shape != other.values.shape:
        return None
    difference = one.values.astype(np.int32) - other.values
    error = float(np.mean(np.square(difference), dtype=np.float64))
    return None if error == 0 else round(10 * math.log10(_PEAK**2 / error), 2)
