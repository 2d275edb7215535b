"""Looks into a model at work: a prompt's tokens, its words' neighbours, and the latents on their way to a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from demo_model.dataset.drawing import Picture
from demo_model.generative_model.pixels import to_pictures
from demo_model.settings import GUIDANCE, STEPS

#: Steps after which the latents are shown.
SHOWN_STEPS = (1, 2, 4, 6, 9, 12)


@dataclass(frozen=True)
class Moment:
    """The latents after a step, as a picture of their own, and what the decoder makes of them."""

    step: int
    latents: Picture
    decoded: Picture


def words_of(pipeline: StableDiffusionPipeline, prompt: str) -> list[tuple[str, int]]:
    """The prompt's tokens, as they are written in the vocabulary, and their numbers, without padding."""
    numbers = pipeline.tokenizer(prompt).input_ids
    return list(zip(pipeline.tokenizer.convert_ids_to_tokens(numbers), numbers, strict=True))


def neighbours(pipeline: StableDiffusionPipeline, word: str, count: int) -> list[tuple[str, float]]:
    """The whole words whose embeddings are most like the word's, and their cosines."""
    tokenizer = pipeline.tokenizer
    table = pipeline.text_encoder.get_input_embeddings().weight.detach().float()
    table = table / table.norm(dim=1, keepdim=True)
    likeness = table @ table[tokenizer.convert_tokens_to_ids(f"{word}</w>")]

    found = []
    for number in likeness.argsort(descending=True).tolist():
        other = tokenizer.convert_ids_to_tokens(number)
        if other.endswith("</w>") and len(other) > len("x</w>") and other != f"{word}</w>":
            found.append((other.removesuffix("</w>"), float(likeness[number])))
        if len(found) == count:
            break
    return found


def moments(pipeline: StableDiffusionPipeline, prompt: str, seed: int) -> list[Moment]:
    """What the denoiser has after each of `SHOWN_STEPS`, at the default settings."""
    kept: dict[int, Tensor] = {}

    def keep(_: StableDiffusionPipeline, index: int, __: int, tensors: dict[str, Any]) -> dict[str, Any]:
        kept[index + 1] = tensors["latents"].clone()
        return tensors

    pipeline.set_progress_bar_config(disable=True)
    pipeline(
        prompt,
        num_inference_steps=STEPS,
        guidance_scale=GUIDANCE,
        generator=torch.Generator().manual_seed(seed),
        callback_on_step_end=keep,
        output_type="latent",
    )
    return [_moment(pipeline, step, kept[step]) for step in SHOWN_STEPS]


@torch.no_grad()
def _moment(pipeline: StableDiffusionPipeline, step: int, latents: Tensor) -> Moment:
    decoded = to_pictures(pipeline.vae.decode(latents / pipeline.vae.config.scaling_factor).sample)[0]
    return Moment(step, _latents_as_picture(latents[0], len(decoded)), decoded)


def _latents_as_picture(latents: Tensor, side: int) -> NDArray[np.uint8]:
    """The first three channels as red, green and blue, a square for each latent."""
    levels = (latents[:3].permute(1, 2, 0).numpy() / 5 + 0.5).clip(0, 1) * 255
    return np.asarray(Image.fromarray(levels.astype(np.uint8)).resize((side, side), Image.Resampling.NEAREST))
