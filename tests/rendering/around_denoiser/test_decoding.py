"""Decoding in turn: the same pictures, one at a time, large ones in tiles."""

from __future__ import annotations

import copy
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from torch import Tensor

from bench.tiny_families import FAMILIES
from tests.rendering.around_denoiser.conftest import Load, Loaded
from tests.rendering.quick import few_quick
from worker.rendering.modules.decode_in_turn import serialise_decoding
from worker.rendering.modules.precision import is_raised_by

#: One family for each kind of autoencoder.
AUTOENCODERS = {
    "picturebook": "AutoencoderTiny",
    "sdxl": "AutoencoderKL",
    "sana": "AutoencoderDC",
    "qwen-image": "AutoencoderKLQwenImage",
    "flux2-klein": "AutoencoderKLFlux2",
}


@pytest.mark.parametrize("family", few_quick([*FAMILIES, "picturebook"], {"sd15", *AUTOENCODERS} - {"flux2-klein"}))
def test_a_picture_is_the_pipelines_own(load: Load, family: str) -> None:
    """In every family, one image is bit for bit the pipeline's own, and several are nearly so."""
    loaded = load(family)
    changes: dict[str, Any] = {
        "num_images_per_prompt": 2,
        "generator": [torch.Generator().manual_seed(seed) for seed in range(2)],
    }
    own = loaded.draw(loaded.take_copy(), "a mug"), loaded.draw(loaded.take_copy(), "a mug", **changes)
    lined = _serialised(loaded)
    changes["generator"] = [torch.Generator().manual_seed(seed) for seed in range(2)]

    assert (loaded.draw(lined.take_copy(), "a mug") == own[0]).all()
    assert np.abs(loaded.draw(lined.take_copy(), "a mug", **changes) - own[1]).max() < 1e-5


@pytest.mark.parametrize("family", AUTOENCODERS)
def test_one_image_at_a_time(load: Load, family: str) -> None:
    """However many jobs of several images decode, the decoder gets one image at a time, and each job gets its own images."""
    loaded = _serialised(load(family))
    autoencoder = loaded.pipeline.vae
    assert type(autoencoder).__name__ == AUTOENCODERS[family]
    inside, most, rows = 0, 0, set()
    counted = threading.Lock()
    forward = autoencoder.decoder.forward

    def decode(latents: Tensor, *positional: Any, **named: Any) -> Any:
        nonlocal inside, most
        with counted:
            inside += 1
            most = max(most, inside)
            rows.add(len(latents))
        result = forward(latents, *positional, **named)
        with counted:
            inside -= 1
        return result

    latents = [_latents(loaded, seed) for seed in range(3)]
    with torch.inference_mode():
        alone = [autoencoder.decode(item, return_dict=False)[0] for item in latents]
    autoencoder.decoder.forward = decode

    def run(item: Tensor) -> Tensor:
        with torch.inference_mode():
            decoded: Tensor = autoencoder.decode(item, return_dict=False)[0]
            return decoded

    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(run, latents))

    assert (most, rows) == (1, {1})
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(alone, together, strict=True))
    as_object = autoencoder.decode(latents[0])
    assert torch.allclose(as_object.sample, alone[0], atol=1e-6)


@pytest.mark.parametrize("family", sorted(AUTOENCODERS))
def test_large_pictures_are_decoded_in_tiles(load: Load, family: str) -> None:
    """Above the limit the decoder never gets the whole picture; at the limit it does; afterwards tiling is as before."""
    loaded = _serialised(load(family), tile_above_pixels=64 * 64)
    autoencoder = loaded.pipeline.vae
    autoencoder.use_tiling = False
    _make_tiles_small(autoencoder)
    sides: list[int] = []
    forward = autoencoder.decoder.forward
    autoencoder.decoder.forward = lambda latents, *positional, **named: (
        sides.append(latents.shape[-1]) or forward(latents, *positional, **named)  # type: ignore[func-returns-value]
    )
    small, large = _latents(loaded, 0, side=64)[:1], _latents(loaded, 0, side=128)[:1]

    with torch.inference_mode():
        autoencoder.decode(small, return_dict=False)
        assert max(sides) == small.shape[-1]
        sides.clear()
        decoded = autoencoder.decode(large, return_dict=False)[0]

    assert decoded.shape[-2:] == (128, 128)
    assert max(sides) < large.shape[-1]
    assert autoencoder.use_tiling is False


def test_an_autoencoder_that_cannot_tile_decodes_whole(load: Load) -> None:
    """One of 4 pixels for a latent, which diffusers' tiling does not support, decodes the whole picture."""
    loaded = _serialised(load("untiled"), tile_above_pixels=1)
    _make_tiles_small(loaded.pipeline.vae)

    assert (
        loaded.draw(loaded.take_copy(), "a mug") == load("untiled").draw(load("untiled").take_copy(), "a mug")
    ).all()


def test_serialising_twice_is_serialising_once(load: Load) -> None:
    """Two models that share an autoencoder share its lock."""
    loaded = _serialised(load("sd15"))
    decode = loaded.pipeline.vae.decode

    serialise_decoding(loaded.take_copy())

    assert loaded.pipeline.vae.decode is decode


def test_half_precision_autoencoders_stay_raised(load: Load) -> None:
    """SDXL's autoencoder, which every job would raise to float32 and lower again, stays in float32."""
    loaded = _serialised(load("sdxl"), dtype=torch.float16, overflows=True)
    autoencoder = loaded.pipeline.vae
    assert autoencoder.dtype == torch.float32

    autoencoder.to(dtype=torch.float16)
    autoencoder.to(torch.float16)
    assert autoencoder.dtype == torch.float32
    with torch.inference_mode():
        decoded = autoencoder.decode(_latents(loaded, 0).half(), return_dict=False)[0]
    assert bool(torch.isfinite(decoded).all())


@pytest.mark.parametrize("family", ["sd15", "sd3", "flux-dev", "pixart"])
def test_autoencoders_that_do_not_overflow_stay_in_half_precision(load: Load, family: str) -> None:
    """`force_upcast` is true in the configuration of nearly every autoencoder; only SDXL's pipelines and their relatives
    raise it, and for the others float32 would be twice the memory and time for nothing.
    """
    loaded = _serialised(load(family), dtype=torch.float16, overflows=True)

    assert loaded.pipeline.vae.dtype == torch.float16


@pytest.mark.parametrize(
    ("name", "raises"),
    [
        ("StableDiffusionXLPipeline", True),
        ("StableDiffusionXLInpaintPipeline", True),
        ("StableDiffusionXLControlNetImg2ImgPipeline", True),
        ("StableDiffusionUpscalePipeline", True),
        ("AuraFlowPipeline", True),
        ("StableDiffusionPipeline", False),
        ("StableDiffusionImg2ImgPipeline", False),
        ("StableDiffusionControlNetPipeline", False),
        ("StableDiffusion3Pipeline", False),
        ("FluxPipeline", False),
        ("QwenImagePipeline", False),
    ],
)
def test_the_pipelines_know_which_overflow(name: str, raises: bool) -> None:
    """Read from what diffusers' pipelines do, not from a list of names."""
    assert is_raised_by(getattr(diffusers, name)) is raises


def _serialised(
    loaded: Loaded, *, dtype: torch.dtype | None = None, overflows: bool = False, tile_above_pixels: int | None = None
) -> Loaded:
    """The same pipeline with an autoencoder of its own, so that the one of the other tests stays as it is."""
    pipeline = loaded.take_copy()
    pipeline.vae = copy.deepcopy(loaded.pipeline.vae).to(dtype)
    if overflows:
        pipeline.vae.register_to_config(force_upcast=True)
    serialise_decoding(pipeline, tile_above_pixels=tile_above_pixels)
    return Loaded(loaded.family, pipeline)


def _latents(loaded: Loaded, seed: int, *, side: int = 64) -> Tensor:
    """Latents of two images as the autoencoder takes them."""
    autoencoder = loaded.pipeline.vae
    config = autoencoder.config
    channels = getattr(config, "latent_channels", None) or config.z_dim
    side //= loaded.pipeline.vae_scale_factor
    frames = (1,) if hasattr(config, "z_dim") else ()
    return torch.randn(2, channels, *frames, side, side, generator=torch.Generator().manual_seed(seed))


def _make_tiles_small(autoencoder: Any) -> None:
    for name, value in vars(autoencoder).copy().items():
        if name.startswith("tile_") and isinstance(value, int):
            scale = 1 if "sample" in name else autoencoder_scale(autoencoder)
            setattr(autoencoder, name, (32 if "stride" in name else 64) // scale)


def autoencoder_scale(autoencoder: Any) -> int:
    """Pixels for one latent."""
    known = getattr(autoencoder, "spatial_compression_ratio", None) or getattr(
        autoencoder, "spatial_scale_factor", None
    )
    return int(known or 2 ** (len(autoencoder.config.block_out_channels) - 1))
