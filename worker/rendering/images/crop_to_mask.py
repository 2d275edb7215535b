"""Inpainting of a small part: only the surroundings of the mask are drawn, enlarged, and put back into the picture.

The pipelines' own `padding_mask_crop` takes a picture only once, so that the images of a job would not be those of as many
jobs; some do not put the part back, and some cut another part than they show. So the part is cut here, with diffusers' functions,
and the pipeline gets it as an ordinary picture.
"""

from __future__ import annotations

import numpy as np
from diffusers.image_processor import VaeImageProcessor
from numpy.typing import NDArray
from PIL.Image import Image, fromarray


class MaskCrop:
    """The part of a picture that is drawn: all that is painted, and `padding` pixels around it."""

    def __init__(self, painted: NDArray[np.bool_], padding: int) -> None:
        """`painted`: [height, width]; at least one pixel is. The part has about the picture's proportions."""
        self._height, self._width = painted.shape
        self._processor = VaeImageProcessor()
        self.box: tuple[int, int, int, int] = self._processor.get_crop_region(
            # From what is painted: the dark specks that JPEG leaves in a mask are not part of it.
            fromarray(painted.astype(np.uint8)),
            self._width,
            self._height,
            pad=padding,
        )

    def enlarge(self, picture: Image) -> Image:
        """The part, as large as the whole picture."""
        part = picture.crop(self.box)
        enlarged: Image = self._processor.resize(part, self._height, self._width, resize_mode="fill")
        return enlarged

    def put_back(self, drawn: Image, picture: Image) -> Image:
        """A copy of the picture, with what was drawn of the part in its place."""
        left, top, right, bottom = self.box
        whole = picture.copy()
        whole.paste(self._processor.resize(drawn, bottom - top, right - left, resize_mode="crop"), (left, top))
        return whole
