"""Tiny IP-Adapters in the layout of the published ones: `image_proj.` and `ip_adapter.` in one safetensors file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from bench.tiny_families.image_encoders import clip_image_encoder
from bench.tiny_families.text_encoders import WIDTH

#: Of one picture.
_TOKENS = 4


def write_ip_adapter(folder: Path, pipeline: Any, *, kind: str = "plain", seed: int = 300) -> None:
    """`adapter.safetensors` for the pipeline's denoiser, and the folder `image_encoder`. `kind`: what its projection reads."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        clip_image_encoder().save_pretrained(folder / "image_encoder")
        denoiser = getattr(pipeline, "unet", None) or pipeline.transformer
        layers = _list_unet_layers(denoiser) if hasattr(pipeline, "unet") else _list_flux_layers(denoiser)
        width = denoiser.config.get("cross_attention_dim") or denoiser.config.joint_attention_dim
        project = {"plain": _project_plain, "plus": _project_plus, "full face": _project_full_face}[kind]
        weights = {f"image_proj.{name}": tensor for name, tensor in project(width).items()}
        for number, size in layers.items():
            for part in ("k", "v"):
                weights[f"ip_adapter.{number}.to_{part}_ip.weight"] = torch.randn(size, width) / width**0.5
                if not hasattr(pipeline, "unet"):
                    weights[f"ip_adapter.{number}.to_{part}_ip.bias"] = torch.randn(size)
    save_file(weights, folder / "adapter.safetensors")


def _project_plain(width: int) -> dict[str, torch.Tensor]:
    """Of the encoder's one embedding."""
    return {
        "proj.weight": torch.randn(_TOKENS * width, WIDTH),
        "proj.bias": torch.randn(_TOKENS * width),
        "norm.weight": torch.ones(width),
        "norm.bias": torch.zeros(width),
    }


def _project_full_face(width: int) -> dict[str, torch.Tensor]:
    """Of the encoder's hidden states, each by itself."""
    return {
        "proj.0.weight": torch.randn(WIDTH, WIDTH),
        "proj.0.bias": torch.randn(WIDTH),
        "proj.2.weight": torch.randn(width, WIDTH),
        "proj.2.bias": torch.randn(width),
        "proj.3.weight": torch.ones(width),
        "proj.3.bias": torch.zeros(width),
    }


def _project_plus(width: int) -> dict[str, torch.Tensor]:
    """Of the encoder's hidden states, by four layers of attention with one head of 64."""
    weights = {
        "latents": torch.randn(1, _TOKENS, WIDTH),
        "proj_in.weight": torch.randn(WIDTH, WIDTH),
        "proj_in.bias": torch.randn(WIDTH),
        "proj_out.weight": torch.randn(width, WIDTH),
        "proj_out.bias": torch.randn(width),
        "norm_out.weight": torch.ones(width),
        "norm_out.bias": torch.zeros(width),
    }
    for number in range(4):
        shapes = {"0.to_q": (64, WIDTH), "0.to_kv": (128, WIDTH), "0.to_out": (WIDTH, 64)}
        shapes |= {"1.1": (4 * WIDTH, WIDTH), "1.3": (WIDTH, 4 * WIDTH)}
        weights |= {f"layers.{number}.{name}.weight": torch.randn(*shape) / 8 for name, shape in shapes.items()}
        for name in ("0.norm1", "0.norm2", "1.0"):
            weights |= {f"layers.{number}.{name}.weight": torch.ones(WIDTH)}
            weights |= {f"layers.{number}.{name}.bias": torch.zeros(WIDTH)}
    return weights


def _list_unet_layers(unet: Any) -> Mapping[int, int]:
    """The width of each layer of cross-attention, by its number: every second one of all layers of attention."""
    widths: dict[int, int] = {}
    channels = unet.config.block_out_channels
    for name in unet.attn_processors:
        if name.endswith("attn1.processor"):
            continue
        kind, _, number = name.partition(".")
        block = int(number.split(".")[0]) if kind != "mid_block" else -1
        widths[2 * len(widths) + 1] = (channels[::-1] if kind == "up_blocks" else channels)[block]
    return widths


def _list_flux_layers(transformer: Any) -> Mapping[int, int]:
    names = [name for name in transformer.attn_processors if not name.startswith("single_")]
    return dict.fromkeys(range(len(names)), transformer.inner_dim)
