"""Pipelines of the published architectures at full size, with random weights, built on their device.

Text encoders have the real width and one or a few layers: they run once for a picture, and are not what is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DiffusionPipeline,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    ZImagePipeline,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    Qwen3Config,
    Qwen3Model,
    T5Config,
    T5EncoderModel,
)

from bench.denoisers.known import DENOISERS
from bench.tiny_families import tokenizers

#: The noise schedule of Stable Diffusion.
_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def build_full_size(name: str, device: torch.device, dtype: torch.dtype) -> DiffusionPipeline:
    """The pipeline (`sd15`, `sdxl`, `flux`, `z-image`) on the device."""
    return _BUILDERS[name](device, dtype)


def _stable_diffusion_15(device: torch.device, dtype: torch.dtype) -> DiffusionPipeline:
    tokenizer = tokenizers.clip_tokenizer()
    with _building(device, dtype):
        modules = {"vae": _autoencoder(), "text_encoder": CLIPTextModel(_clip_config(tokenizer, 768, heads=12))}
    return StableDiffusionPipeline(
        **modules,
        tokenizer=tokenizer,
        unet=_denoiser("sd15", device, dtype),
        scheduler=DDIMScheduler(**_BETAS, clip_sample=False, set_alpha_to_one=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _stable_diffusion_xl(device: torch.device, dtype: torch.dtype) -> DiffusionPipeline:
    tokenizer = tokenizers.clip_tokenizer()
    with _building(device, dtype):
        modules = {
            "vae": _autoencoder(scaling_factor=0.13025),
            "text_encoder": CLIPTextModel(_clip_config(tokenizer, 768, heads=12)),
            "text_encoder_2": CLIPTextModelWithProjection(_clip_config(tokenizer, 1280, heads=20)),
        }
    return StableDiffusionXLPipeline(
        **modules,
        tokenizer=tokenizer,
        tokenizer_2=tokenizers.clip_tokenizer(),
        unet=_denoiser("sdxl", device, dtype),
        scheduler=EulerDiscreteScheduler(**_BETAS, timestep_spacing="leading", steps_offset=1),
        add_watermarker=False,
    )


def _flux(device: torch.device, dtype: torch.dtype) -> DiffusionPipeline:
    clip, t5 = tokenizers.clip_tokenizer(), tokenizers.t5_tokenizer()
    with _building(device, dtype):
        config = T5Config(
            vocab_size=len(t5),
            d_model=4096,
            d_kv=64,
            d_ff=10240,
            num_layers=1,
            num_heads=64,
            feed_forward_proj="gated-gelu",
        )
        modules = {
            "vae": _autoencoder_16(),
            "text_encoder": CLIPTextModel(_clip_config(clip, 768, heads=12)),
            "text_encoder_2": T5EncoderModel(config),
        }
    return FluxPipeline(
        **modules,
        tokenizer=clip,
        tokenizer_2=t5,
        transformer=_denoiser("flux1", device, dtype),
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0),
    )


def _z_image(device: torch.device, dtype: torch.dtype) -> DiffusionPipeline:
    tokenizer = tokenizers.qwen_tokenizer()
    with _building(device, dtype):
        config = Qwen3Config(
            vocab_size=len(tokenizer),
            hidden_size=2560,
            intermediate_size=9728,
            num_hidden_layers=2,
            num_attention_heads=32,
            num_key_value_heads=8,
            head_dim=128,
        )
        modules = {"vae": _autoencoder_16(), "text_encoder": Qwen3Model(config)}
    transformer: Any = _denoiser("z-image", device, dtype)
    # diffusers leaves them uninitialised, because it fills them from the file.
    for token in (transformer.x_pad_token, transformer.cap_pad_token):
        torch.nn.init.normal_(token, std=0.02)
    return ZImagePipeline(
        **modules,
        tokenizer=tokenizer,
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    )


_BUILDERS: dict[str, Callable[[torch.device, torch.dtype], DiffusionPipeline]] = {
    "sd15": _stable_diffusion_15,
    "sdxl": _stable_diffusion_xl,
    "flux": _flux,
    "z-image": _z_image,
}


@contextmanager
def _building(device: torch.device, dtype: torch.dtype) -> Iterator[None]:
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            yield
    finally:
        torch.set_default_dtype(default)


def _denoiser(name: str, device: torch.device, dtype: torch.dtype) -> torch.nn.Module:
    return DENOISERS[name].build(tiny=False, device=device, dtype=dtype)


def _autoencoder(**options: Any) -> AutoencoderKL:
    """Stable Diffusion's, with 4 channels."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(128, 256, 512, 512),
        layers_per_block=2,
        sample_size=512,
        **({"latent_channels": 4} | options),
    ).eval()


def _autoencoder_16() -> AutoencoderKL:
    """That of FLUX.1 and Z-Image, with 16 channels."""
    return _autoencoder(
        latent_channels=16, scaling_factor=0.3611, shift_factor=0.1159, use_quant_conv=False, use_post_quant_conv=False
    )


def _clip_config(tokenizer: Any, width: int, *, heads: int) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=4 * width,
        projection_dim=width,
        # SDXL reads the last layer but one.
        num_hidden_layers=2,
        num_attention_heads=heads,
        max_position_embeddings=77,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
