"""The unmodified pipeline, called as its documentation says. Every system but Darkroom's is built on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoPipelineForImage2Image, DiffusionPipeline
from diffusers.utils import logging as diffusers_logging
from PIL import Image
from transformers.utils import logging as transformers_logging

from bench.render.jobs import STRENGTH, Job
from worker.rendering.images.encode import encode_image


class PicturePipeline:
    """The pipelines of a model's folder: text-to-image and, if the family has it, image-to-image."""

    def __init__(self, folder: Path, *, device: str, threads: int) -> None:
        diffusers_logging.disable_progress_bar()
        transformers_logging.disable_progress_bar()
        diffusers_logging.set_verbosity_error()
        torch.set_num_threads(threads)
        dtype = torch.float32 if device == "cpu" else torch.bfloat16
        text: Any = DiffusionPipeline.from_pretrained(folder, dtype=dtype, use_safetensors=True).to(device)
        text.set_progress_bar_config(disable=True)
        self._by_task = {"text": text}
        try:
            self._by_task["image"] = AutoPipelineForImage2Image.from_pipe(text)
        except ValueError:  # a family without image-to-image serves text alone
            return
        self._by_task["image"].set_progress_bar_config(disable=True)

    def render(self, jobs: Sequence[Job]) -> list[bytes]:
        """Returns a PNG for each job, from one call. The jobs' group keys must be equal."""
        first = jobs[0]
        options: dict[str, Any] = {"width": first.width, "height": first.height}
        if first.task == "image":
            options = {"image": [job.input_picture() for job in jobs], "strength": STRENGTH}
        with torch.inference_mode():
            pictures: list[Image.Image] = self._by_task[first.task](
                prompt=[job.prompt for job in jobs],
                num_inference_steps=first.steps,
                guidance_scale=first.guidance_scale,
                generator=[torch.Generator("cpu").manual_seed(job.seed) for job in jobs],
                **options,
            ).images
        return [encode_image(picture, "png").body for picture in pictures]
