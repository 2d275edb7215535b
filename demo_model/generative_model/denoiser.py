"""The denoiser: latents [batch, 4, 32, 32], timesteps and text states [batch, 77, 128] to velocities, as the latents."""

from __future__ import annotations

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor

from demo_model.dataset.training_set import PICTURE_SIZE
from demo_model.generative_model.autoencoder import DOWNSCALE, LATENT_CHANNELS
from demo_model.text_encoder.encoder import TEXT_WIDTH

#: The least noisy timestep trained on. Below it little is left to decide, and velocities are the hardest to predict.
FIRST_TIMESTEP = 50

LATENT_SIZE = PICTURE_SIZE // DOWNSCALE


def build_denoiser() -> UNet2DConditionModel:
    """A fresh denoiser of stock blocks.

    Most channels are at 8 by 8, where a picture's layout is decided and arithmetic is cheap. Outlines and textures are
    drawn at 32 and 16, where each side has one more block: they cost little there and make lines whole. The pooled text also
    scales and shifts every residual block (`addition_embed_type`), so the prompt reaches all of them from the start.
    """
    return UNet2DConditionModel(
        sample_size=LATENT_SIZE,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=(48, 96, 192),
        layers_per_block=(2, 2, 1),
        down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
        mid_block_type="UNetMidBlock2DCrossAttn",
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        # Despite its name, diffusers reads it as the number of heads: six heads of 32.
        attention_head_dim=6,
        cross_attention_dim=TEXT_WIDTH,
        norm_num_groups=8,
        resnet_time_scale_shift="scale_shift",
        time_embedding_dim=256,
        addition_embed_type="text",
        addition_embed_type_num_heads=8,
    )


def build_scheduler() -> DDIMScheduler:
    """The noise schedule, for training and as the default sampler.

    It ends in pure noise and training predicts velocities, as plain backgrounds need: Lin et al., "Common Diffusion
    Noise Schedules and Sample Steps are Flawed", https://arxiv.org/abs/2305.08891
    """
    return DDIMScheduler(
        beta_schedule="linear",
        beta_start=0.0001,
        beta_end=0.02,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
    )


def stratified_timesteps(batch: int, count: int) -> Tensor:
    """Timesteps int64 [batch], one from each of `batch` equal parts of `FIRST_TIMESTEP` to count - 1, in order."""
    parts = (torch.arange(batch) + torch.rand(batch)) / batch
    return FIRST_TIMESTEP + (parts * (count - FIRST_TIMESTEP)).long()
