"""The colours of latents without decoding them: a linear map, fitted once to the output of an autoencoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from worker.rendering.previews.unpack import to_autoencoder

#: The map is fitted to this many samples of each kind, with this many latents along each side.
_SAMPLES = 6
_SIDE = 12

#: The fit uses encoded pictures if pictures and their decoded encodings have at least this correlation.
_FAITHFUL = 0.9

#: Limits the weights of channels that hardly vary.
_RIDGE = 1e-3

#: Pixels along each side for one latent, if a pipeline does not say.
_USUAL_SCALE = 8


@dataclass(frozen=True)
class LatentColours:
    """Red, green and blue (0 to 1) as weighted sums of a latent's channels."""

    #: [channels + 1, 3]; the last row is added to the sum.
    weights: NDArray[np.float32]

    def draw(self, latents: NDArray[np.float32]) -> NDArray[np.float32]:
        """The colours [height, width, 3] of latents [channels, height, width], scaled as the autoencoder takes them."""
        colours = np.tensordot(np.moveaxis(latents, 0, -1), self.weights[:-1], axes=1) + self.weights[-1]
        return np.asarray(np.clip(colours, 0, 1), dtype=np.float32)


@torch.inference_mode()
def fit_colours(pipeline: Any, *, channels: int | None, has_frames: bool) -> LatentColours:
    """Least squares over latents and the colours that the pipeline's autoencoder decodes them to.

    The latents are encoded pictures; or smooth random ones, if the autoencoder does not encode (or decodes its own
    encodings to something else). `channels` are those of the denoiser's latents (None: what the autoencoder says); `has_frames` is
    true for an autoencoder of videos.
    """
    autoencoder = pipeline.vae
    device = pipeline._execution_device  # noqa: SLF001  (an offloaded autoencoder is there only while it works)
    generator = torch.Generator("cpu").manual_seed(0)
    if callable(getattr(autoencoder, "encode", None)):
        scale = getattr(pipeline, "vae_scale_factor", None)
        pictures = _smooth_pictures(generator, _SIDE * (scale if isinstance(scale, int) else _USUAL_SCALE))
        latents = _encode(autoencoder, pictures.to(device), has_frames=has_frames)
        colours = _decode(autoencoder, latents, has_frames=has_frames)
        asked = _average(pictures / 2 + 0.5, colours)
        if np.corrcoef(asked.flatten(), colours.flatten())[0, 1] > _FAITHFUL:
            return LatentColours(_solve(_list_rows(latents), _list_rows(colours)))
    noise = _smooth_noise(generator, channels or _count_channels(autoencoder)).to(device)
    latents = to_autoencoder(autoencoder, noise)
    return LatentColours(_solve(_list_rows(latents), _list_rows(_decode(autoencoder, latents, has_frames=has_frames))))


def _count_channels(autoencoder: Any) -> int:
    norm = getattr(autoencoder, "bn", None)
    if norm is not None:  # FLUX.2's: patches of 2 by 2 as channels
        return int(norm.num_features)
    config = autoencoder.config
    return int(config.latent_channels if "latent_channels" in config else config.z_dim)


def _solve(rows: NDArray[np.float64], colours: NDArray[np.float64]) -> NDArray[np.float32]:
    spread = rows.std(axis=0) + 1e-6
    centre = rows.mean(axis=0)
    standard = (rows - centre) / spread
    squares = standard.T @ standard / len(rows) + np.eye(rows.shape[1]) * _RIDGE
    weights = np.linalg.solve(squares, standard.T @ (colours - colours.mean(axis=0)) / len(rows)) / spread[:, None]
    added = colours.mean(axis=0) - centre @ weights
    return np.concatenate([weights, added[None]]).astype(np.float32)


def _decode(autoencoder: Any, latents: Tensor, *, has_frames: bool) -> Tensor:
    """The colours at each latent, [rows, 3, height, width] from 0 to 1."""
    given = latents.to(autoencoder.dtype)
    picture = autoencoder.decode(given.unsqueeze(2) if has_frames else given, return_dict=False)[0]
    picture = (picture[:, :3, 0] if has_frames else picture[:, :3]).float()
    return _average(picture.clamp(-1, 1) / 2 + 0.5, latents)


def _average(pictures: Tensor, latents: Tensor) -> Tensor:
    return functional.adaptive_avg_pool2d(pictures, (latents.shape[-2], latents.shape[-1])).cpu()


def _list_rows(images: Tensor) -> NDArray[np.float64]:
    """[rows, channels, height, width] as [rows * height * width, channels]."""
    return np.asarray(images.movedim(1, -1).flatten(0, 2).double().cpu().numpy())


def _encode(autoencoder: Any, pictures: Tensor, *, has_frames: bool) -> Tensor:
    pictures = pictures.to(autoencoder.dtype)
    encoded = autoencoder.encode(pictures.unsqueeze(2) if has_frames else pictures)
    if hasattr(encoded, "latent_dist"):
        latents = encoded.latent_dist.mode()
    else:
        latents = encoded.latents if hasattr(encoded, "latents") else encoded.latent
    latents = latents[:, :, 0] if has_frames else latents
    return Tensor.float(latents)


def _smooth_noise(generator: torch.Generator, channels: int) -> Tensor:
    """Latents of unit variance that vary slowly, like those of pictures."""
    coarse = torch.randn(_SAMPLES, channels, _SIDE // 3, _SIDE // 3, generator=generator)
    return functional.interpolate(coarse, size=(_SIDE, _SIDE), mode="bilinear")


def _smooth_pictures(generator: torch.Generator, side: int) -> Tensor:
    """Patches of colour, [samples, 3, side, side] in [-1, 1]; half of the samples have soft edges."""
    coarse = torch.rand(_SAMPLES, 3, 4, 4, generator=generator) * 2 - 1
    soft = functional.interpolate(coarse[::2], size=(side, side), mode="bicubic").clamp(-1, 1)
    return torch.cat([soft, functional.interpolate(coarse[1::2], size=(side, side), mode="nearest")])
