"""Draw with a loaded model as a job does."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from worker.rendering.batching import BatchJob
from worker.rendering.drawing import Drawing
from worker.rendering.models import LoadedModel
from worker.rendering.render import render_images

REQUEST: dict[str, Any] = {
    "prompt": "a large red mug on a yellow background",
    "negative_prompt": "",
    "width": 64,
    "height": 64,
    "num_inference_steps": 2,
    "guidance_scale": 4.0,
    "scheduler": "ddim",
}


def draw(model: LoadedModel, **changes: object) -> NDArray[np.int16]:
    """The pixels of one image, 0 to 255, as numbers that can be subtracted."""
    [image] = render_images(model, Drawing({**REQUEST, **changes}, seeds=[1]), on_step=lambda _: None).images
    return np.asarray(image).astype(np.int16)


def draw_with_own_scheduler(model: LoadedModel) -> NDArray[np.int16]:
    """The same through the model's batcher, with a copy of the model's own scheduler."""
    pipeline: Any = copy.copy(model.pipeline)
    pipeline.scheduler = copy.deepcopy(model.pipeline.scheduler)
    request = {name: REQUEST[name] for name in ("prompt", "width", "height", "num_inference_steps")}
    with torch.inference_mode(), model.batcher.job(BatchJob()):
        [image] = pipeline(**request, generator=torch.Generator().manual_seed(1)).images
    return np.asarray(image).astype(np.int16)
