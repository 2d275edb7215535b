"""What an independent decoder sees in a file: libvips, with PNG, JPEG, TIFF and colour libraries of its own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyvips

Pixels = npt.NDArray[np.uint8]


def see(body: bytes) -> Pixels:
    """RGBA of the first picture, upright and in sRGB: array [height, width, 4]."""
    image = pyvips.Image.new_from_buffer(body, "").autorot()
    if image.get_typeof("icc-profile-data"):
        image = image.icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True, depth=8)
    elif image.interpretation in {"rgb16", "grey16"} or image.format == "ushort":
        image = (image >> 8).cast("uchar")
    if image.interpretation == "b-w" or image.bands < 3:
        image = image.copy(interpretation="b-w").colourspace("srgb")
    if image.bands == 3:
        image = image.bandjoin(255)
    return np.asarray(image.cast("uchar").numpy(), np.uint8)


def cmyk_profile() -> bytes:
    """A printer's profile, which libvips has with it."""
    return bytes(pyvips.Operation.call("profile_load", "cmyk"))
