"""Autoencoders with a codebook, with random weights: a cell of the latents is the number of one of its entries."""

from __future__ import annotations

from typing import Any

from diffusers import VQModel

#: Entries of the codebook, and numbers in each.
ENTRIES, CHANNELS = 32, 8


def vq_model(*, blocks: int = 4, channels: int = CHANNELS, **options: Any) -> VQModel:
    """Each block but the last halves the sides."""
    return VQModel(
        down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks,
        block_out_channels=(8,) * blocks,
        layers_per_block=1,
        latent_channels=channels,
        vq_embed_dim=channels,
        num_vq_embeddings=ENTRIES,
        norm_num_groups=4,
        sample_size=64,
        **options,
    )
