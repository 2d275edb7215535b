"""Kandinsky 2.2 by a control image, both stages in one pipeline: diffusers has such classes for everything else of Kandinsky.

The calls of the stages are those of diffusers' documentation of the two decoders. Their outputs are passed on as they are.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from diffusers import (
    KandinskyV22CombinedPipeline,
    KandinskyV22ControlnetImg2ImgPipeline,
    KandinskyV22ControlnetPipeline,
    KandinskyV22PriorEmb2EmbPipeline,
)
from PIL.Image import Image

#: How far the prior goes from the embedding of the picture to that of the prompt: what diffusers' documentation names.
_PRIOR_STRENGTH = 0.85


class KandinskyV22ControlnetCombinedPipeline(KandinskyV22CombinedPipeline):  # type: ignore[misc]
    """Text to image: a prior, and a decoder that looks at the control image."""

    @functools.wraps(KandinskyV22CombinedPipeline.__init__)  # type: ignore[misc]
    def __init__(self, **components: Any) -> None:
        super().__init__(**components)
        self.decoder_pipe = KandinskyV22ControlnetPipeline(
            unet=components["unet"], scheduler=components["scheduler"], movq=components["movq"]
        )

    @torch.no_grad()
    def __call__(
        self,
        *,
        prompt: str | list[str],
        control_image: Image,
        negative_prompt: str | list[str] | None = None,
        num_inference_steps: int = 100,
        guidance_scale: float = 4.0,
        num_images_per_prompt: int = 1,
        height: int = 512,
        width: int = 512,
        prior_guidance_scale: float = 4.0,
        prior_num_inference_steps: int = 25,
        generator: Sequence[torch.Generator] | None = None,
        output_type: str = "pil",
    ) -> Any:
        """The pictures of one prompt. `control_image` has the result's size. Sides in pixels."""
        embeddings, negative_embeddings = self.prior_pipe(
            prompt=prompt,
            negative_prompt=negative_prompt,
            num_images_per_prompt=num_images_per_prompt,
            num_inference_steps=prior_num_inference_steps,
            guidance_scale=prior_guidance_scale,
            generator=generator,
            return_dict=False,
        )
        drawn = self.decoder_pipe(
            image_embeds=embeddings,
            negative_image_embeds=negative_embeddings,
            hint=_repeat(control_image, embeddings),
            height=height,
            width=width,
            num_inference_steps=num_inference_steps,
            guidance_scale=guidance_scale,
            generator=generator,
            output_type=output_type,
        )
        self.maybe_free_model_hooks()
        return drawn


class KandinskyV22ControlnetImg2ImgCombinedPipeline(KandinskyV22CombinedPipeline):  # type: ignore[misc]
    """Image to image: a prior that begins with the picture's own embedding, and a decoder that begins with the picture."""

    @functools.wraps(KandinskyV22CombinedPipeline.__init__)  # type: ignore[misc]
    def __init__(self, **components: Any) -> None:
        super().__init__(**components)
        self.prior_pipe = KandinskyV22PriorEmb2EmbPipeline(
            **{name.removeprefix("prior_"): each for name, each in components.items() if name.startswith("prior_")}
        )
        self.decoder_pipe = KandinskyV22ControlnetImg2ImgPipeline(
            unet=components["unet"], scheduler=components["scheduler"], movq=components["movq"]
        )

    @torch.no_grad()
    def __call__(
        self,
        *,
        prompt: str | list[str],
        image: Image | list[Image],
        control_image: Image,
        strength: float = 0.3,
        negative_prompt: str | list[str] | None = None,
        num_inference_steps: int = 100,
        guidance_scale: float = 4.0,
        num_images_per_prompt: int = 1,
        height: int = 512,
        width: int = 512,
        prior_guidance_scale: float = 4.0,
        prior_num_inference_steps: int = 25,
        generator: Sequence[torch.Generator] | None = None,
        output_type: str = "pil",
    ) -> Any:
        """The pictures of one prompt. `image` and `control_image` have the result's size; `image` may be one for each of them.
        Sides in pixels. `prior_num_inference_steps` are those that the prior does.
        """
        pictures = image if isinstance(image, list) else [image] * num_images_per_prompt
        embeddings, negative_embeddings = self.prior_pipe(
            prompt=prompt,
            image=pictures[0],
            strength=_PRIOR_STRENGTH,
            negative_prompt=negative_prompt,
            num_images_per_prompt=num_images_per_prompt,
            num_inference_steps=count_prior_steps(prior_num_inference_steps),
            guidance_scale=prior_guidance_scale,
            generator=generator,
            return_dict=False,
        )
        drawn = self.decoder_pipe(
            image_embeds=embeddings,
            negative_image_embeds=negative_embeddings,
            image=pictures,
            strength=strength,
            hint=_repeat(control_image, embeddings),
            height=height,
            width=width,
            num_inference_steps=num_inference_steps,
            guidance_scale=guidance_scale,
            generator=generator,
            output_type=output_type,
        )
        self.maybe_free_model_hooks()
        return drawn


def count_prior_steps(done: int) -> int:
    """As many steps that the prior's strength leaves `done` of them."""
    return math.ceil(done / _PRIOR_STRENGTH)


def _repeat(control_image: Image, embeddings: torch.Tensor) -> torch.Tensor:
    """The control image for each of the embeddings: [rows, 3, height, width] from 0 to 1."""
    pixels = torch.from_numpy(np.array(control_image.convert("RGB"))).float() / 255
    return pixels.permute(2, 0, 1).to(embeddings).expand(len(embeddings), -1, -1, -1)
