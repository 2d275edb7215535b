"""Kandinsky 2.2 by a control image, as diffusers' documentation draws it: the prior's call, and the decoder's."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import torch
from PIL import Image

#: What the documentation gives the prior that begins with a picture.
_STRENGTH = 0.85


class TwoCalls:
    """Called like one pipeline of both stages."""

    def __init__(self, prior: Any, decoder: Any) -> None:
        self.components = {"prior_scheduler": prior.scheduler, "scheduler": decoder.scheduler}
        self._prior, self._decoder = prior, decoder
        for stage in (prior, decoder):
            stage.set_progress_bar_config(disable=True)

    def __call__(
        self,
        *,
        prompt: str,
        control_image: Image.Image,
        image: Image.Image | None = None,
        negative_prompt: str | None = None,
        prior_num_inference_steps: int = 25,
        num_images_per_prompt: int = 1,
        num_inference_steps: int = 100,
        guidance_scale: float = 4.0,
        strength: float = 0.3,
        height: int = 512,
        width: int = 512,
        generator: list[torch.Generator] | None = None,
        output_type: str = "pil",
    ) -> Any:
        """The decoder's own result."""
        begins_with_picture = "image" in inspect.signature(self._prior.__call__).parameters
        # The whole steps of 85 % are as many as are asked for.
        steps = next(n for n in range(1, 2000) if int(n * _STRENGTH) == prior_num_inference_steps)
        embeddings = self._prior(
            prompt=prompt,
            negative_prompt=negative_prompt,
            num_images_per_prompt=num_images_per_prompt,
            generator=generator,
            **(
                {"image": image, "strength": _STRENGTH, "num_inference_steps": steps}
                if begins_with_picture
                else {"num_inference_steps": prior_num_inference_steps}
            ),
        )
        hint = torch.from_numpy(np.asarray(control_image)).float().permute(2, 0, 1).unsqueeze(0) / 255.0
        return self._decoder(
            image_embeds=embeddings.image_embeds,
            negative_image_embeds=embeddings.negative_image_embeds,
            hint=hint,
            num_inference_steps=num_inference_steps,
            guidance_scale=guidance_scale,
            height=height,
            width=width,
            generator=generator,
            output_type=output_type,
            **({"image": image, "strength": strength} if begins_with_picture else {}),
        )
