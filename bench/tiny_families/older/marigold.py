"""Marigold: Stable Diffusion that draws how far away, or which way, what a picture shows is."""

from __future__ import annotations

from typing import Any

from diffusers import (
    DDIMScheduler,
    DiffusionPipeline,
    MarigoldDepthPipeline,
    MarigoldNormalsPipeline,
    UNet2DConditionModel,
)

from bench.tiny_families import autoencoders, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH


def depth() -> DiffusionPipeline:
    return MarigoldDepthPipeline(**_components(), prediction_type="depth")


def normals() -> DiffusionPipeline:
    return MarigoldNormalsPipeline(**_components(), prediction_type="normals")


def _components() -> dict[str, Any]:
    """The picture's latents stand beside those of the map."""
    tokenizer = tokenizers.clip_tokenizer()
    return {
        "unet": UNet2DConditionModel(
            sample_size=8,
            in_channels=8,
            out_channels=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            block_out_channels=(8, 16),
            layers_per_block=1,
            norm_num_groups=4,
            attention_head_dim=4,
            cross_attention_dim=WIDTH,
        ),
        "vae": autoencoders.autoencoder_kl(),
        "scheduler": DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=False,
            prediction_type="v_prediction",
        ),
        "text_encoder": text_encoders.clip_text_encoder(tokenizer),
        "tokenizer": tokenizer,
        "default_denoising_steps": 4,
        "default_processing_resolution": 64,
    }


_CALL = {"prompt": None, "negative_prompt": None}
#: At the size of the picture, and not scaled to what the model was made for.
_AS_IT_IS = {"processing_resolution": 0}

FAMILIES = (
    Family(
        "marigold-depth", "MarigoldDepthPipeline", depth, tasks=("map",), call=_CALL, bare_call=_AS_IT_IS, maps="depth"
    ),
    Family(
        "marigold-normals",
        "MarigoldNormalsPipeline",
        normals,
        tasks=("map",),
        call=_CALL,
        bare_call=_AS_IT_IS,
        maps="normals",
    ),
)
