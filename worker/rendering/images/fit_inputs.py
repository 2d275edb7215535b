"""How large a job's pipeline gets each of the pictures that the job starts from."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL.Image import Image, Resampling

from core.catalog import PipelineSignature, Task
from core.jobs.request.picture_fields import find_field_of

#: Pixels; some pipelines (FLUX.2's) refuse a shorter side, so a picture that has them keeps them.
_LEAST_SIDE = 64


@dataclass(frozen=True)
class InputFit:
    """The sizes of a job's pictures."""

    task: Task
    #: Width and height of the result, in pixels.
    result: tuple[int, int]
    #: Of the class that draws.
    signature: PipelineSignature

    def fit(self, picture: Image, place: str) -> Image:
        """The picture of a place (`image`, `image.1`, `mask_image`, `control_image`, `ip_adapter_image`), as large as the pipeline takes it.

        That is the result's size; but what is continued keeps its pixels, what is enlarged is as much smaller as that says,
        and what is only looked at (`edit`, `variation`, a picture beside the one that is drawn from,
        an IP-Adapter) keeps its proportions and
        has at most about as many pixels as the result, which bounds what a picture costs. A pipeline that edits and takes no
        size draws as large as its picture is.
        """
        field = find_field_of(place)
        width, height = self.result
        if field == "ip_adapter_image":
            return _shrink(picture, width * height)
        if field != "image":
            return picture.resize(self.result, Resampling.LANCZOS)
        width, height = self.result
        own = self.signature.parameters.get(field)
        if own is not None and own.arguments and place not in {field, f"{field}.0"}:
            return _shrink(picture, width * height)
        if self.task == "outpaint":
            return picture
        factor = self.signature.facts.enlarges
        if self.task == "upscale" and factor is not None:
            return picture.resize((width // factor, height // factor), Resampling.LANCZOS)
        if self.task == "variation" or (self.task == "edit" and "width" in self.signature.parameters):
            return _shrink(picture, width * height)
        return picture.resize(self.result, Resampling.LANCZOS)


def _shrink(picture: Image, most_pixels: int) -> Image:
    """The picture with at most about so many pixels, in its own proportions; more if a side would be too short."""
    scale = max(math.sqrt(most_pixels / (picture.width * picture.height)), _LEAST_SIDE / min(picture.size))
    if scale >= 1:
        return picture
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Resampling.LANCZOS)
