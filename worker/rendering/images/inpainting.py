"""Inpainting, around the pipeline: the pictures that it gets, and what becomes of those that it draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from PIL.Image import Image

from worker.rendering.images.crop_to_mask import MaskCrop
from worker.rendering.images.keep_unmasked import find_painted, keep_unmasked, weigh_drawn
from worker.rendering.images.widen_mask import widen_mask
from worker.rendering.modules.list_stages import list_stages


class Inpainting:
    """A job's inpainting: the same rule for every family."""

    def __init__(self, images: Mapping[str, Image | Sequence[Image]], request: Mapping[str, Any]) -> None:
        """`images`: the request's pictures, all of one size; several control images are a list. Raises RequestRefused if the
        mask paints nothing.
        """
        self._image, self._mask = _take_first(images["image"]), _take_first(images["mask_image"])
        painted = find_painted(self._mask)
        padding = request.get("padding_mask_crop")
        self._images = images
        self._shares = weigh_drawn(painted, request["mask_feather"])
        self._crop = None if padding is None else MaskCrop(painted, padding)

    def warn(self) -> Iterator[str]:
        """A sentence if the part around the mask is not cut out."""
        if self._crop is not None and self._crop.box == (0, 0, *self._image.size):
            yield "padding_mask_crop has no effect here: the part around the mask is the whole picture"

    def prepare_images(self, pipeline: Any) -> dict[str, Image | Sequence[Image]]:
        """The pictures for the pipeline: in them, everything that is painted lies in cells of the latents that it draws."""
        crop = self._crop
        enlarge = _keep if crop is None else crop.enlarge
        images = {name: _change_each(enlarge, each) for name, each in self._images.items()}
        return images | {"mask_image": widen_mask(enlarge(self._mask), _find_cell(pipeline))}

    def finish(self, drawn: Image) -> Image:
        """The picture that the job returns: what the mask keeps is the input's, exactly."""
        image = self._image
        if self._crop is not None:
            drawn = self._crop.put_back(drawn, image)
        return keep_unmasked(drawn, image, self._shares)


def _take_first(images: Image | Sequence[Image]) -> Image:
    return images if isinstance(images, Image) else images[0]


def _keep(image: Image) -> Image:
    return image


def _change_each(change: Callable[[Image], Image], images: Image | Sequence[Image]) -> Image | Sequence[Image]:
    return change(images) if isinstance(images, Image) else [change(image) for image in images]


def _find_cell(pipeline: Any) -> int:
    """Pixels along a side of a cell of the latents; 1 for a pipeline that draws pixels."""
    processor = getattr(pipeline, "mask_processor", None)
    if processor is not None:
        return int(processor.config.vae_scale_factor)
    names = ("movq_scale_factor", "vae_scale_factor")
    stages = [pipeline, *list_stages(pipeline)]
    return next((int(getattr(stage, name)) for stage in stages for name in names if hasattr(stage, name)), 1)
