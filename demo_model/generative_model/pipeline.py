"""Joins the parts into diffusers' stock pipeline, and renders pictures with it at the default settings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline, UNet2DConditionModel
from numpy.typing import NDArray
from transformers import CLIPTextModel, CLIPTokenizer

from demo_model.generative_model.denoiser import build_scheduler
from demo_model.settings import GUIDANCE, STEPS


def build_pipeline(
    autoencoder: AutoencoderTiny,
    tokenizer: CLIPTokenizer,
    text_encoder: CLIPTextModel,
    denoiser: UNet2DConditionModel,
) -> StableDiffusionPipeline:
    """The stock pipeline of these parts, with the default scheduler."""
    return StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=denoiser,
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def render(
    pipeline: StableDiffusionPipeline,
    prompts: Sequence[str],
    seeds: Sequence[int],
    *,
    steps: int = STEPS,
    guidance: float = GUIDANCE,
) -> list[NDArray[np.uint8]]:
    """Returns one picture for each prompt, uint8 [256, 256, 3], from its own seed; the settings are the defaults."""
    pipeline.set_progress_bar_config(disable=True)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    images = pipeline(list(prompts), num_inference_steps=steps, guidance_scale=guidance, generator=generators).images
    return [np.asarray(image) for image in images]
