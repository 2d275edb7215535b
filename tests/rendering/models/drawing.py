"""Draw with a loaded model as a job does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worker.rendering.models import LoadedModel
from worker.rendering.render import render_images

REQUEST = {
    "prompt": "a large red mug on a yellow background",
    "negative_prompt": "",
    "width": 64,
    "height": 64,
    "num_inference_steps": 2,
    "guidance_scale": 4.0,
    "scheduler": "ddim",
}


def draw(model: LoadedModel, *, seed: int = 1, **changes: object) -> NDArray[np.int16]:
    """The pixels of one image, 0 to 255, as numbers that can be subtracted."""
    [image] = render_images(model, {**REQUEST, **changes}, seeds=[seed], on_step=lambda _: None).images
    return np.asarray(image).astype(np.int16)
