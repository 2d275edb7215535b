"""Latent diffusion before Stable Diffusion: from a prompt, enlarging, and with nothing to go by."""

from __future__ import annotations

from diffusers import (
    DDIMScheduler,
    DiffusionPipeline,
    LDMPipeline,
    LDMSuperResolutionPipeline,
    LDMTextToImagePipeline,
    UNet2DConditionModel,
    UNet2DModel,
)
from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import LDMBertConfig, LDMBertModel

from bench.tiny_families import autoencoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.older.codebooks import vq_model
from bench.tiny_families.older.unets import picture_unet
from bench.tiny_families.text_encoders import WIDTH

_BETAS = {"beta_start": 0.0015, "beta_end": 0.0195, "beta_schedule": "scaled_linear", "clip_sample": False}
#: Of the latents of the models with a codebook.
_CHANNELS = 3


def text_to_image() -> DiffusionPipeline:
    tokenizer = tokenizers.bert_tokenizer()
    config = LDMBertConfig(
        vocab_size=len(tokenizer),
        encoder_layers=2,
        encoder_ffn_dim=WIDTH,
        encoder_attention_heads=2,
        head_dim=16,
        d_model=WIDTH,
        # Untrained weights hardly hear a text otherwise.
        init_std=0.5,
    )
    return LDMTextToImagePipeline(
        vqvae=autoencoders.autoencoder_kl(),
        bert=LDMBertModel(config),
        tokenizer=tokenizer,
        unet=UNet2DConditionModel(
            sample_size=8,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            block_out_channels=(8, 16),
            layers_per_block=1,
            norm_num_groups=4,
            attention_head_dim=4,
            cross_attention_dim=WIDTH,
        ),
        scheduler=DDIMScheduler(**_BETAS, set_alpha_to_one=False),
    )


def super_resolution() -> DiffusionPipeline:
    """The small picture stands beside the latents, which are as large as it is."""
    return LDMSuperResolutionPipeline(
        vqvae=vq_model(blocks=3, channels=_CHANNELS),
        unet=picture_unet(sample_size=32, in_channels=2 * _CHANNELS, out_channels=_CHANNELS),
        scheduler=DDIMScheduler(**_BETAS),
    )


def unconditional() -> DiffusionPipeline:
    unet: UNet2DModel = picture_unet(sample_size=16, in_channels=_CHANNELS)
    return LDMPipeline(vqvae=vq_model(blocks=3, channels=_CHANNELS), unet=unet, scheduler=DDIMScheduler(**_BETAS))


_NO_PROMPT = {"prompt": None, "negative_prompt": None}

FAMILIES = (
    Family("latent-diffusion", "LDMTextToImagePipeline", text_to_image),
    Family(
        "latent-diffusion-upscale",
        "LDMSuperResolutionPipeline",
        super_resolution,
        tasks=("upscale",),
        call=_NO_PROMPT,
        sizes=((128, 128),),
        input_size=(32, 32),
        most_images=1,
    ),
    Family("latent-diffusion-unconditional", "LDMPipeline", unconditional, tasks=("unconditional",), call=_NO_PROMPT),
)
