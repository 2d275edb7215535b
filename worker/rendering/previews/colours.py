"""The colours of latents without decoding them: a linear map, fitted once to what an autoencoder decodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from worker.rendering.previews.unpack import to_autoencoder

#: The map is fitted to so many samples of each kind, of this many latents along each side.
_SAMPLES = 6
_SIDE = 12

#: Keeps the weights of channels that hardly vary from running away.
_RIDGE = 1e-3

#: Pixels along each side for one latent, where a pipeline does not say.
_USUAL_SCALE = 8


@dataclass(frozen=True)
class LatentColours:
    """Red, green and blue (0 to 1) as weighted sums of a latent's channels."""

    #: [channels + 1, 3]; the last row is what is added.
    weights: NDArray[np.float32]

    def draw(self, latents: NDArray[np.float32]) -> NDArray[np.float32]:
        """Latents [channels, height, width], as the autoencoder takes them, as colours [height, width, 3]."""
        colours = np.tensordot(np.moveaxis(latents, 0, -1), self.weights[:-1], axes=1) + self.weights[-1]
        return np.clip(colours, 0, 1)


@torch.inference_mode()
def fit_colours(pipeline: Any, *, channels: int, has_frames: bool) -> LatentColours:
    """Least squares over smooth random latents and over pictures that the autoencoder encoded, against what it decodes.

    `channels` are those of the denoiser's latents; `has_frames` where the autoencoder is one for videos.
    """
    autoencoder = pipeline.vae
    generator = torch.Generator("cpu").manual_seed(0)
    samples = [to_autoencoder(autoencoder, _smooth_noise(generator, channels).to(autoencoder.device))]
    scale = getattr(pipeline, "vae_scale_factor", None)
    pictures = _smooth_pictures(generator, _SIDE * (scale if isinstance(scale, int) else _USUAL_SCALE))
    if callable(getattr(autoencoder, "encode", None)):
        samples.append(_encode(autoencoder, pictures, has_frames=has_frames))
    rows, colours = [], []
    for latents in (row for sample in samples for row in sample.split(1)):
        decoded = _decode(autoencoder, latents, has_frames=has_frames).clamp(-1, 1) / 2 + 0.5
        rows.append(latents[0].flatten(1).T.cpu())
        colours.append(functional.adaptive_avg_pool2d(decoded, latents.shape[-2:])[0].flatten(1).T.cpu())
    return LatentColours(_solve(torch.cat(rows).double().numpy(), torch.cat(colours).double().numpy()))


def _solve(rows: NDArray[np.float64], colours: NDArray[np.float64]) -> NDArray[np.float32]:
    spread = rows.std(axis=0) + 1e-6
    centre = rows.mean(axis=0)
    standard = (rows - centre) / spread
    squares = standard.T @ standard / len(rows) + np.eye(rows.shape[1]) * _RIDGE
    weights = np.linalg.solve(squares, standard.T @ (colours - colours.mean(axis=0)) / len(rows)) / spread[:, None]
    added = colours.mean(axis=0) - centre @ weights
    return np.concatenate([weights, added[None]]).astype(np.float32)


def _decode(autoencoder: Any, latents: Tensor, *, has_frames: bool) -> Tensor:
    latents = latents.to(autoencoder.dtype)
    picture: Tensor = autoencoder.decode(latents.unsqueeze(2) if has_frames else latents, return_dict=False)[0]
    return (picture[:, :3, 0] if has_frames else picture[:, :3]).float()


def _encode(autoencoder: Any, pictures: Tensor, *, has_frames: bool) -> Tensor:
    pictures = pictures.to(autoencoder.device, autoencoder.dtype)
    encoded = autoencoder.encode(pictures.unsqueeze(2) if has_frames else pictures)
    if hasattr(encoded, "latent_dist"):
        latents = encoded.latent_dist.mode()
    else:
        latents = encoded.latents if hasattr(encoded, "latents") else encoded.latent
    return (latents[:, :, 0] if has_frames else latents).float()


def _smooth_noise(generator: torch.Generator, channels: int) -> Tensor:
    """Latents of unit variance that vary slowly, as those of pictures do."""
    coarse = torch.randn(_SAMPLES, channels, _SIDE // 3, _SIDE // 3, generator=generator)
    return functional.interpolate(coarse, size=(_SIDE, _SIDE), mode="bilinear")


def _smooth_pictures(generator: torch.Generator, side: int) -> Tensor:
    """Patches of colour, half of them with soft edges, [samples, 3, side, side] in [-1, 1]."""
    coarse = torch.rand(_SAMPLES, 3, 4, 4, generator=generator) * 2 - 1
    soft = functional.interpolate(coarse[::2], size=(side, side), mode="bicubic").clamp(-1, 1)
    return torch.cat([soft, functional.interpolate(coarse[1::2], size=(side, side), mode="nearest")])
