"""The autoencoder: pictures [batch, 3, 256, 256] in [-1, 1] to latents [batch, 4, 32, 32] of about unit variance.

Stock inpainting takes denoisers of four latent channels and no others, so a latent's four numbers stand for 8 by 8
pixels. The styles' dots, hatches and grids repeat with the latents; what is left to say about a place are two tones
and where between them the outline runs, and the decoder's depth is spent on that.
"""

from __future__ import annotations

import torch
from diffusers import AutoencoderTiny
from torch import Tensor
from torch.nn.functional import max_pool2d

#: Stock inpainting asks for four latent channels.
LATENT_CHANNELS = 4
#: Pixels per latent, along each side.
DOWNSCALE = 8
ENCODER_CHANNELS = 48
DECODER_CHANNELS = 64

#: How much more a pixel at a full contrast counts than one on a flat ground, and how far around it that holds.
EDGE_WEIGHT, EDGE_REACH = 4.0, 2
#: Weights of the loss's parts beside the pixels themselves.
SLOPES, LATENTS = 0.5, 0.05


def build_autoencoder() -> AutoencoderTiny:
    """A fresh autoencoder. Most of the decoder's blocks work where a picture has an eighth to half of its pixels."""
    return AutoencoderTiny(
        latent_channels=LATENT_CHANNELS,
        encoder_block_out_channels=(ENCODER_CHANNELS,) * 4,
        decoder_block_out_channels=(DECODER_CHANNELS,) * 4,
        num_encoder_blocks=(0, 1, 2, 2),
        num_decoder_blocks=(3, 3, 2, 0),
        scaling_factor=1.0,
    )


def reconstruction_loss(autoencoder: AutoencoderTiny, pictures: Tensor, noise: Tensor) -> Tensor:
    """Loss of the autoencoder on pictures [batch, 3, height, width] in [-1, 1] and noise for their latents.

    Pixels near outlines count more, and so do their differences from their neighbours. Latents are held near a mean
    of zero and a variance of one, so that the noise stays as loud as it is meant to be.
    """
    latents = autoencoder.encoder(pictures).float()
    difference = autoencoder.decoder(latents + noise).float() - pictures
    weights = _edge_weights(pictures)
    pixels = (weights * (difference.abs() + difference.square())).mean() / weights.mean()
    slopes = _across(difference).abs().mean() + _down(difference).abs().mean()

    mean, variance = latents.mean(dim=(0, 2, 3)), latents.var(dim=(0, 2, 3))
    spread = (mean.square() + (variance - 1).square()).mean()
    loss: Tensor = pixels + SLOPES * slopes + LATENTS * spread
    return loss


@torch.no_grad()
def _edge_weights(pictures: Tensor) -> Tensor:
    """1 on flat grounds and up to 5 within two pixels of outlines, [batch, 1, height, width]."""
    steps = torch.zeros_like(pictures[:, :1])
    steps[..., :, 1:] = _across(pictures).abs().amax(dim=1, keepdim=True)
    steps[..., 1:, :] = torch.maximum(steps[..., 1:, :], _down(pictures).abs().amax(dim=1, keepdim=True))
    # One way after the other: a quarter of the work.
    side = 2 * EDGE_REACH + 1
    near = max_pool2d(steps, (side, 1), stride=1, padding=(EDGE_REACH, 0))
    near = max_pool2d(near, (1, side), stride=1, padding=(0, EDGE_REACH))
    return 1 + EDGE_WEIGHT * near.clamp(max=1)


def _across(pictures: Tensor) -> Tensor:
    return pictures[..., :, 1:] - pictures[..., :, :-1]


def _down(pictures: Tensor) -> Tensor:
    return pictures[..., 1:, :] - pictures[..., :-1, :]
