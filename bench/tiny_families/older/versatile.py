"""Models that hold pictures and texts in one: Versatile Diffusion, and UniDiffuser."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import (
    DDIMScheduler,
    DiffusionPipeline,
    DPMSolverMultistepScheduler,
    UNet2DConditionModel,
    UniDiffuserModel,
    UniDiffuserPipeline,
    UniDiffuserTextDecoder,
    VersatileDiffusionImageVariationPipeline,
    VersatileDiffusionTextToImagePipeline,
)
from diffusers.pipelines.deprecated.versatile_diffusion.modeling_text_unet import UNetFlatConditionModel

from bench.tiny_families import autoencoders, image_encoders, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH
from worker.rendering.models.moved_modules import has_pipeline_module

_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
_BLOCKS: dict[str, Any] = {
    "sample_size": 8,
    "block_out_channels": (16, 32),
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "attention_head_dim": 4,
    "cross_attention_dim": WIDTH,
}


def text_to_image() -> DiffusionPipeline:
    """It draws with the attention of the UNet for texts, which it puts into that for pictures when it is built."""
    pipeline = VersatileDiffusionTextToImagePipeline(**_components("tokenizer", "text_encoder", "text_unet"))
    # In a folder each has its own.
    pipeline._swap_unet_attention_blocks()  # noqa: SLF001
    return pipeline


def variation() -> DiffusionPipeline:
    return VersatileDiffusionImageVariationPipeline(**_components("image_feature_extractor", "image_encoder"))


def unidiffuser() -> DiffusionPipeline:
    """It draws a picture's latents and its embedding at once, as one row of numbers."""
    has_pipeline_module("unidiffuser")
    tokenizer = tokenizers.clip_tokenizer()
    text_decoder = UniDiffuserTextDecoder(
        prefix_length=77,
        prefix_inner_dim=WIDTH,
        prefix_hidden_dim=WIDTH,
        vocab_size=257,
        n_embd=WIDTH,
        n_layer=1,
        n_head=2,
    )
    # Two names of one tensor cannot be saved.
    head = text_decoder.transformer.lm_head
    head.weight = torch.nn.Parameter(head.weight.detach().clone())
    return UniDiffuserPipeline(
        vae=autoencoders.autoencoder_kl(),
        text_encoder=text_encoders.clip_text_encoder(tokenizer),
        image_encoder=image_encoders.clip_image_encoder(),
        clip_image_processor=image_encoders.clip_image_processor(),
        clip_tokenizer=tokenizer,
        text_decoder=text_decoder,
        text_tokenizer=tokenizers.gpt2_tokenizer(),
        unet=UniDiffuserModel(
            text_dim=WIDTH,
            clip_img_dim=WIDTH,
            num_attention_heads=2,
            attention_head_dim=16,
            in_channels=4,
            out_channels=4,
            num_layers=2,
            sample_size=8,
            patch_size=2,
            activation_fn="gelu",
            use_data_type_embedding=True,
        ),
        scheduler=DPMSolverMultistepScheduler(**_BETAS, solver_order=3),
    )


def _components(*names: str) -> dict[str, Any]:
    has_pipeline_module("versatile_diffusion")
    tokenizer = tokenizers.clip_tokenizer()
    every = {
        "tokenizer": tokenizer,
        "text_encoder": text_encoders.clip_text_encoder_with_projection(tokenizer),
        "image_feature_extractor": image_encoders.clip_image_processor(),
        "image_encoder": image_encoders.clip_image_encoder(),
        "text_unet": UNetFlatConditionModel(
            **_BLOCKS,
            down_block_types=("CrossAttnDownBlockFlat", "DownBlockFlat"),
            up_block_types=("UpBlockFlat", "CrossAttnUpBlockFlat"),
        ),
    }
    return {name: every[name] for name in names} | {
        "image_unet": UNet2DConditionModel(
            **_BLOCKS,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        ),
        "vae": autoencoders.autoencoder_kl(),
        "scheduler": DDIMScheduler(**_BETAS, clip_sample=False, set_alpha_to_one=False, steps_offset=1),
    }


FAMILIES = (
    Family("versatile", "VersatileDiffusionTextToImagePipeline", text_to_image),
    Family(
        "versatile-variation",
        "VersatileDiffusionImageVariationPipeline",
        variation,
        tasks=("variation",),
        call={"prompt": None, "negative_prompt": None},
    ),
    # Several images of a prompt need one source of random numbers for all of them.
    Family("unidiffuser", "UniDiffuserPipeline", unidiffuser, call={"negative_prompt": None}, most_images=1),
)
