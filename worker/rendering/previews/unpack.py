"""Convert the latents of any family's denoiser to those that its autoencoder takes."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor

_PACKED_AXES, _FRAME_AXES = 3, 5

#: Transformers that take latents as tokens put 2 by 2 latents into one token.
_PATCH = 2


def unpack_latents(pipeline: Any, latents: Tensor, *, width: int, height: int) -> Tensor:
    """Latents as an image, [rows, channels, height, width]; sides of the picture in pixels.

    Latents packed into tokens [rows, tokens, channels] are unpacked by the pipeline if it can. Raises ValueError if they do
    not fit the picture's size.
    """
    if latents.ndim == _PACKED_AXES:
        latents = _unpack_tokens(pipeline, latents, width, height)
    return latents[:, :, 0] if latents.ndim == _FRAME_AXES else latents


def to_autoencoder(autoencoder: Any, latents: Tensor) -> Tensor:
    """Latents [rows, channels, height, width] in the scale that the autoencoder decodes, read from its configuration."""
    config = autoencoder.config
    latents = latents.float()
    norm = getattr(autoencoder, "bn", None)
    if norm is not None:  # FLUX.2's: patches of 2 by 2 as channels, normalised by a layer of the autoencoder
        spread = (norm.running_var + config.batch_norm_eps).sqrt()
        return _unpatch(latents * _as_channels(spread, latents) + _as_channels(norm.running_mean, latents))
    scaling = getattr(config, "scaling_factor", None) or 1.0
    mean, spread = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    if mean is not None and spread is not None:
        return latents * _as_channels(spread, latents) / scaling + _as_channels(mean, latents)
    return latents / scaling + (getattr(config, "shift_factor", None) or 0.0)


def _unpack_tokens(pipeline: Any, latents: Tensor, width: int, height: int) -> Tensor:
    scale = pipeline.vae_scale_factor
    own = getattr(pipeline, "_unpack_latents", None)
    known = {"latents": latents, "height": height, "width": width, "vae_scale_factor": scale}
    known["patch_size"] = getattr(pipeline, "patch_size", _PATCH)
    if own is not None and inspect.signature(own).parameters.keys() <= known.keys():
        unpacked: Tensor = own(**{name: known[name] for name in inspect.signature(own).parameters})
        return unpacked
    rows, tokens, channels = latents.shape
    down, across = height // (scale * _PATCH), width // (scale * _PATCH)
    if tokens != down * across:
        raise ValueError(f"{tokens} tokens are not {down} by {across}")
    return latents.reshape(rows, down, across, channels).permute(0, 3, 1, 2)


def _unpatch(latents: Tensor) -> Tensor:
    rows, channels, height, width = latents.shape
    patches = latents.reshape(rows, channels // _PATCH**2, _PATCH, _PATCH, height, width)
    return patches.permute(0, 1, 4, 2, 5, 3).reshape(rows, channels // _PATCH**2, height * _PATCH, width * _PATCH)


def _as_channels(values: Any, latents: Tensor) -> Tensor:
    return torch.as_tensor(values, dtype=latents.dtype, device=latents.device).view(1, -1, 1, 1)
