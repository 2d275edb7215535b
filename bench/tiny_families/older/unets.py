"""The UNet of models that draw without a prompt, tiny and with random weights."""

from __future__ import annotations

from typing import Any

from diffusers import UNet2DModel


def picture_unet(*, sample_size: int, **options: Any) -> UNet2DModel:
    return UNet2DModel(
        sample_size=sample_size,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=8,
        **options,
    )
