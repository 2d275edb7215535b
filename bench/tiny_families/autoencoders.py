"""Tiny autoencoders with random weights; latents are an eighth as wide and high as the picture, except Sana's."""

from __future__ import annotations

from diffusers import AutoencoderDC, AutoencoderKL, AutoencoderKLFlux2, AutoencoderKLQwenImage, AutoencoderKLWan

_BLOCKS = 4
_CHANNELS = 8


def autoencoder_kl(
    *, channels: int = 4, scaling: float = 0.18215, shift: float | None = None, blocks: int = _BLOCKS
) -> AutoencoderKL:
    """Stable Diffusion's with 4 channels; with 16 and a shift, that of SD3, FLUX.1 and Z-Image. Each block but the last halves
    the sides.
    """
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks,
        block_out_channels=(_CHANNELS,) * blocks,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=4,
        sample_size=64,
        scaling_factor=scaling,
        shift_factor=shift,
        use_quant_conv=shift is None,
        use_post_quant_conv=shift is None,
        force_upcast=False,
    )


def autoencoder_flux2(*, channels: int) -> AutoencoderKLFlux2:
    return AutoencoderKLFlux2(
        down_block_types=("DownEncoderBlock2D",) * _BLOCKS,
        up_block_types=("UpDecoderBlock2D",) * _BLOCKS,
        block_out_channels=(_CHANNELS,) * _BLOCKS,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=4,
        sample_size=64,
    )


def autoencoder_qwen(*, channels: int, width: int = _CHANNELS) -> AutoencoderKLQwenImage:
    return AutoencoderKLQwenImage(
        base_dim=width,
        z_dim=channels,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.0] * channels,
        latents_std=[1.0] * channels,
    )


def autoencoder_dc(*, channels: int) -> AutoencoderDC:
    """Sana's, at a 32nd of the picture's size: its pipeline draws no smaller picture than 512 pixels."""
    widths = (_CHANNELS,) * 6
    blocks = ("ResBlock",) * 5 + ("EfficientViTBlock",)
    return AutoencoderDC(
        latent_channels=channels,
        attention_head_dim=4,
        encoder_block_types=blocks,
        decoder_block_types=blocks,
        encoder_block_out_channels=widths,
        decoder_block_out_channels=widths,
        encoder_layers_per_block=(0, 1, 1, 1, 1, 1),
        decoder_layers_per_block=(1,) * 6,
        encoder_qkv_multiscales=((),) * 6,
        decoder_qkv_multiscales=((),) * 6,
        upsample_block_type="interpolate",
        scaling_factor=0.41407,
    )


def autoencoder_wan(*, channels: int, patch: int | None = None, width: int = _CHANNELS) -> AutoencoderKLWan:
    """Of videos; with a patch, latents are that many times smaller still."""
    colours = 3 * (patch or 1) ** 2
    return AutoencoderKLWan(
        base_dim=width,
        z_dim=channels,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.0] * channels,
        latents_std=[1.0] * channels,
        in_channels=colours,
        out_channels=colours,
        patch_size=patch,
        scale_factor_spatial=8 * (patch or 1),
    )
