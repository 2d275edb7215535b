"""The upscaler of Stable Diffusion's latents."""

from __future__ import annotations

from diffusers import (
    DiffusionPipeline,
    EulerDiscreteScheduler,
    StableDiffusionLatentUpscalePipeline,
    UNet2DConditionModel,
)

from bench.tiny_families import autoencoders, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH


def latent_upscale() -> DiffusionPipeline:
    """Twice as large; its UNet has the blocks of k-diffusion."""
    tokenizer = tokenizers.clip_tokenizer()
    unet = UNet2DConditionModel(
        act_fn="gelu",
        attention_head_dim=8,
        norm_num_groups=None,
        # The last two are as wide as the time embedding, twice the first: by that the first block up knows that it is the first.
        block_out_channels=(32, 64, 64),
        layers_per_block=2,
        # The pooled text, and 128 numbers for the noise level.
        time_cond_proj_dim=WIDTH + 128,
        conv_in_kernel=1,
        conv_out_kernel=1,
        cross_attention_dim=WIDTH,
        down_block_types=("KDownBlock2D", "KCrossAttnDownBlock2D", "KCrossAttnDownBlock2D"),
        in_channels=8,
        mid_block_type=None,
        only_cross_attention=False,
        out_channels=5,
        resnet_time_scale_shift="scale_shift",
        time_embedding_type="fourier",
        timestep_post_act="gelu",
        up_block_types=("KCrossAttnUpBlock2D", "KCrossAttnUpBlock2D", "KUpBlock2D"),
    )
    return StableDiffusionLatentUpscalePipeline(
        vae=autoencoders.autoencoder_kl(),
        text_encoder=text_encoders.clip_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=EulerDiscreteScheduler(prediction_type="sample"),
    )


FAMILIES = (
    Family(
        "latent-upscale",
        "StableDiffusionLatentUpscalePipeline",
        latent_upscale,
        tasks=("upscale",),
        sizes=((128, 128),),
        input_size=(64, 64),
    ),
)
