"""What we make of a file, as arrays and images that tests can look at."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.pictures.decode_picture import decode_picture


def show(body: bytes) -> Image.Image:
    """The decoded picture, in the mode in which it is stored."""
    image = Image.open(io.BytesIO(decode_picture(body).png))
    image.load()
    return image


def show_rgba(body: bytes) -> npt.NDArray[np.int64]:
    """The decoded picture as numbers [height, width, 4], which subtract without wrapping around."""
    return np.asarray(show(body).convert("RGBA")).astype(np.int64)


def warnings_of(body: bytes) -> tuple[str, ...]:
    """The sentences about what was ignored."""
    return decode_picture(body).warnings
