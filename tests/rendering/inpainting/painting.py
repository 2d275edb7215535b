"""Inpainting jobs of the tiny families, drawn by the renderer and by diffusers alone."""

from __future__ import annotations

import inspect
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from bench.tiny_families import FAMILIES
from core.catalog import find_drawing_signature
from tests.rendering.quick import SAMPLE, few_quick
from worker.rendering.drawing import Drawing
from worker.rendering.images.encode import encode_image
from worker.rendering.models import LoadedModel
from worker.rendering.pipelines import build_scheduler
from worker.rendering.render import render_images

FAMILY_IDS = [family.id for family in FAMILIES.values() if "inpainting" in family.tasks]

#: Every family that inpaints, for a test's parameters.
FAMILY_PARAMETERS = few_quick(FAMILY_IDS, {*SAMPLE, "sdxl-controlnet"})

Pixels = NDArray[np.int16]


def build_request(family_id: str, **changes: Any) -> dict[str, Any]:
    """A request of 64 x 64 pixels with a hard edge."""
    family = FAMILIES[family_id]
    return {
        "prompt": "a red mug",
        "negative_prompt": "blurry",
        "width": 64,
        "height": 64,
        "num_inference_steps": 3,
        family.guidance: 3.0,
        "strength": 0.8,
        # Their own one, PNDM, starts from a picture in another way than diffusers has it.
        "scheduler": "ddim" if family_id.startswith("sd15") else "own",
        "deterministic": True,
        "mask_feather": 0,
        **family.call,
        **changes,
    }


def paint_box(box: tuple[int, int, int, int], size: tuple[int, int] = (64, 64), *, inside: int = 255) -> Image.Image:
    """A black mask with a box (left, top, right, bottom) of the level `inside`."""
    mask = Image.new("L", size)
    mask.paste(inside, box)
    return mask


def take_pictures(request: dict[str, Any], mask: Image.Image, *, control: bool = False) -> dict[str, Image.Image]:
    """Noise to start from, which no autoencoder keeps; the mask; and more noise as the control image."""
    shape = (request["height"], request["width"], 3)
    noise = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    pictures = {"image": Image.fromarray(noise), "mask_image": mask}
    return pictures | ({"control_image": Image.fromarray(noise[::-1].copy())} if control else {})


def draw(
    model: LoadedModel, request: dict[str, Any], mask: Image.Image, seeds: Sequence[int] = (7,)
) -> list[Image.Image]:
    """The job's images."""
    control = model.id in FAMILIES and FAMILIES[model.id].control
    drawing = Drawing(request, seeds, take_pictures(request, mask, control=control), task="inpainting")
    return render_images(model, drawing, on_step=lambda _: None).images


def draw_plainly(
    folder: Path, family_id: str, request: dict[str, Any], mask: Image.Image, seeds: Sequence[int] = (7,)
) -> list[Image.Image]:
    """The images of diffusers alone, by the family's inpainting pipeline."""
    loaded = _load_plainly(folder / family_id)
    control = FAMILIES[family_id].control
    signature = find_drawing_signature(type(loaded).__name__, "inpainting", with_control_image=control)
    assert signature is not None
    pipeline = getattr(diffusers, signature.class_name).from_pipe(loaded)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = build_scheduler(request["scheduler"], pipeline.scheduler)
    accepted = inspect.signature(pipeline.__call__).parameters
    settings = request | take_pictures(request, mask, control=control)
    with torch.inference_mode():
        images: list[Image.Image] = pipeline(
            **{name: value for name, value in settings.items() if name in accepted and name != "scheduler"},
            generator=[torch.Generator().manual_seed(seed) for seed in seeds],
            num_images_per_prompt=len(seeds),
        ).images
    return images


@cache
def _load_plainly(folder: Path) -> diffusers.DiffusionPipeline:
    return diffusers.DiffusionPipeline.from_pretrained(folder)


def as_sent(image: Image.Image, output_format: str = "png") -> Pixels:
    """The pixels of the file that a client gets."""
    return to_pixels(Image.open(io.BytesIO(encode_image(image, output_format).body)).convert("RGB"))


def to_pixels(image: Image.Image) -> Pixels:
    """Levels of 256 that can be subtracted."""
    return np.asarray(image).astype(np.int16)
