"""The autoencoder: pictures [batch, 3, 128, 128] in [-1, 1] to latents [batch, 4, 32, 32] of about unit variance.

Its encoder is not learnt. Three latent channels are the mean colour of each 4 by 4 block of pixels, with the colour
axes whitened; the fourth is how brightness changes along the block's falling diagonal. For flat pictures with
anti-aliased outlines that is nearly everything: the learnt decoder only has to sharpen it, and the denoiser works
on a space as simple as the pictures themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from diffusers import AutoencoderTiny
from torch import Tensor, nn

#: Stock inpainting asks for four latent channels.
LATENT_CHANNELS = 4
#: Pixels per latent, along each side.
DOWNSCALE = 4
ENCODER_CHANNELS = 8
DECODER_CHANNELS = 32

#: Mean block colour (sRGB, 0 to 1) and the inverse square root of its covariance, over 1,500 training pictures.
MEAN_COLOUR = (0.661, 0.584, 0.562)
WHITENING = ((3.376, -1.183, -0.029), (-1.183, 4.230, -1.280), (-0.029, -1.280, 3.501))
#: Weights of red, green and blue in the fourth channel. Their direction is about the one along which the vocabulary's
#: colours are farthest apart; their length gives the channel a standard deviation of about a quarter.
BRIGHTNESS = (2.7, 0.9, 0.9)


def build_autoencoder() -> AutoencoderTiny:
    """A fresh autoencoder: the encoder is final, the decoder random.

    Most of the decoder's blocks work at a quarter and half of the resolution, where they are cheap.
    """
    autoencoder = AutoencoderTiny(
        latent_channels=LATENT_CHANNELS,
        encoder_block_out_channels=(ENCODER_CHANNELS,) * 3,
        decoder_block_out_channels=(DECODER_CHANNELS,) * 3,
        num_encoder_blocks=(0, 0, 0),
        num_decoder_blocks=(3, 2, 0),
        scaling_factor=1.0,
    )
    _set_encoder(autoencoder.encoder.layers)
    autoencoder.encoder.requires_grad_(requires_grad=False)
    return autoencoder


def decoding_loss(autoencoder: AutoencoderTiny, pictures: Tensor, latents: Tensor) -> Tensor:
    """Loss of the decoder on pictures [batch, 3, height, width] in [-1, 1] and their (disturbed) latents."""
    difference: Tensor = autoencoder.decoder(latents) - pictures
    return difference.square().mean() + 0.5 * difference.abs().mean()


@torch.no_grad()
def _set_encoder(layers: Iterable[nn.Conv2d]) -> None:
    """Four plain convolutions without an activation: colours, means of 2 by 2, means of 4 by 4, whitening."""
    colours, halve, quarter, whiten = layers
    for layer in (colours, halve, quarter, whiten):
        for parameter in layer.parameters():
            parameter.zero_()

    for channel in range(3):
        colours.weight[channel, channel, 1, 1] = 1
        # A stride of two with padding of one puts each block under the kernel's last two rows and columns.
        halve.weight[channel, channel, 1:, 1:] = 1 / 4
        quarter.weight[channel, channel, 1:, 1:] = 1 / 4
        quarter.weight[3, channel, 1, 1] = -BRIGHTNESS[channel]
        quarter.weight[3, channel, 2, 2] = BRIGHTNESS[channel]

    whitening = torch.tensor(WHITENING)
    whiten.weight[:3, :3, 1, 1] = whitening
    assert whiten.bias is not None
    whiten.bias[:3] = -whitening @ torch.tensor(MEAN_COLOUR)
    whiten.weight[3, 3, 1, 1] = 1
