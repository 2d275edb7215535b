"""diffusers alone: the same job, drawn as somebody draws it who has nothing but diffusers."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from diffusers import DiffusionPipeline, SchedulerMixin
from PIL import Image

from bench.families.places import Place
from bench.families.render import Drawn
from core.catalog.schedulers import OWN, SCHEDULERS


def draw_bare(folder: Path, place: Place, seeds: Sequence[int], **changes: Any) -> Drawn:
    """The job's pictures, by the class of its task on the model in the folder."""
    pipeline = _load(folder, place.signature.class_name)
    if place.family.compared_scheduler != OWN:
        scheduler = SCHEDULERS[place.family.compared_scheduler]
        settings = {"clip_sample": False, **scheduler.settings}
        pipeline.scheduler = getattr(diffusers, scheduler.class_name).from_config(pipeline.scheduler.config, **settings)
    accepted = inspect.signature(pipeline.__call__).parameters
    request = place.build_request(**changes)
    images = place.build_images()
    named: dict[str, Any] = {
        field if field in accepted else place.family.arguments.get(field, field): picture
        for field, picture in images.items()
    }
    if "num_images_per_prompt" in accepted:
        named["num_images_per_prompt"] = len(seeds)
    steps: list[torch.Tensor] = []
    for component in pipeline.components.values():
        if isinstance(component, SchedulerMixin) and hasattr(component, "step"):
            _keep_steps(component, steps)

    # For what the pipeline does not draw from the generators that it is given.
    torch.manual_seed(0)
    output = pipeline(
        **{name: value for name, value in request.items() if name in accepted and name not in ("image", "mask_image")},
        **place.family.bare_call,
        **named,
        generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
        output_type="pil",
    )
    drawn = output["images" if "images" in output else "image"]
    if "mask_image" in images:
        drawn = [_keep_unpainted(picture, images) for picture in drawn]
    return Drawn([np.asarray(picture.convert("RGB")) for picture in drawn], steps[-1], len(steps))


def _load(folder: Path, class_name: str) -> Any:
    loaded = DiffusionPipeline.from_pretrained(folder)
    target = getattr(diffusers, class_name)
    pipeline = loaded if type(loaded) is target else target.from_pipe(loaded)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _keep_steps(scheduler: Any, steps: list[torch.Tensor]) -> None:
    step = scheduler.step

    @functools.wraps(step)
    def kept(*arguments: Any, **options: Any) -> Any:
        result = step(*arguments, **options)
        steps.append((result[0] if isinstance(result, tuple) else result.prev_sample).clone())
        return result

    scheduler.step = kept


def _keep_unpainted(picture: Image.Image, images: dict[str, Any]) -> Image.Image:
    """What the documents promise of inpainting: where the mask is black, the input's own pixels."""
    return Image.composite(picture.resize(images["image"].size), images["image"], images["mask_image"])
