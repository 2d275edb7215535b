"""Call the unmodified pipeline for one job."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from PIL.Image import Image

from worker.rendering.errors import RequestRefused
from worker.rendering.models import LoadedModel
from worker.rendering.pipelines.schedulers import build_scheduler


def render_images(
    model: LoadedModel, request: Mapping[str, Any], *, seeds: Sequence[int], on_step: Callable[[int], None]
) -> list[Image]:
    """One image for each seed, in order. `request` holds every parameter, resolved.

    `on_step` is told each denoising step as it ends, from 1; what it raises ends the render at that step.
    Raises RequestRefused when the pipeline refuses the request before its first step.
    """
    pipeline: Any = copy.copy(model.pipeline)
    pipeline.scheduler = build_scheduler(request["scheduler"], model.pipeline.scheduler)
    steps_done = 0

    def end_step(_pipeline: Any, index: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        nonlocal steps_done
        steps_done = index + 1
        on_step(steps_done)
        return tensors

    try:
        with torch.inference_mode():
            output = pipeline(
                prompt=request["prompt"],
                negative_prompt=request["negative_prompt"] or None,
                width=request["width"],
                height=request["height"],
                num_inference_steps=request["num_inference_steps"],
                guidance_scale=request["guidance_scale"],
                num_images_per_prompt=len(seeds),
                # On the CPU, so that a seed means the same noise on every device.
                generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
                callback_on_step_end=end_step,
                output_type="pil",
            )
    except ValueError as error:
        if steps_done == 0:
            raise RequestRefused(f"The model refused the request: {error}") from error
        raise
    images: list[Image] = output.images
    return images


def find_cut_off_prompts(model: LoadedModel, request: Mapping[str, Any]) -> list[str]:
    """A warning for each prompt that is longer than the model's tokenizer reads: the rest of it has no effect."""
    tokenizer = getattr(model.pipeline, "tokenizer", None)
    if tokenizer is None:
        return []
    lengths = {name: len(tokenizer(request[name]).input_ids) for name in ("prompt", "negative_prompt")}
    return [
        f"{name} has {length} tokens, of which the model read the first {tokenizer.model_max_length}"
        for name, length in lengths.items()
        if length > tokenizer.model_max_length
    ]
