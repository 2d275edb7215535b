"""The denoisers, at their published size and at one that fits any machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import FluxTransformer2DModel, UNet2DConditionModel, ZImageTransformer2DModel


@dataclass(frozen=True)
class Denoiser:
    """One denoiser. Sizes are of its latents: rows, columns and tokens of text."""

    model_class: type[torch.nn.Module]
    #: The published model's arguments; `tiny` replaces some of them.
    config: Mapping[str, Any]
    tiny: Mapping[str, Any]
    #: Pixels of an image's side, and calls with one row for each image: two a step with classifier-free guidance.
    side: int
    rows_of_an_image: int
    make_inputs: Callable[[torch.nn.Module, int, int, torch.device, torch.dtype], dict[str, Any]]

    def build(self, *, tiny: bool, device: torch.device, dtype: torch.dtype) -> torch.nn.Module:
        """The module with random weights, in evaluation mode."""
        default = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            with device:
                model = self.model_class(**{**self.config, **(self.tiny if tiny else {})})
        finally:
            torch.set_default_dtype(default)
        return model.eval()


def _unet_inputs(
    model: torch.nn.Module, rows: int, side: int, device: torch.device, dtype: torch.dtype
) -> dict[str, Any]:
    config: Any = model.config
    inputs: dict[str, Any] = {
        "sample": torch.randn(rows, 4, side // 8, side // 8, device=device, dtype=dtype),
        "timestep": torch.full((rows,), 500.0, device=device),
        "encoder_hidden_states": torch.randn(rows, 77, config.cross_attention_dim, device=device, dtype=dtype),
    }
    if config.addition_embed_type == "text_time":
        pooled = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
        inputs["added_cond_kwargs"] = {
            "text_embeds": torch.randn(rows, pooled, device=device, dtype=dtype),
            "time_ids": torch.tensor([[side, side, 0, 0, side, side]] * rows, device=device, dtype=dtype),
        }
    return inputs


def _flux_inputs(
    model: torch.nn.Module, rows: int, side: int, device: torch.device, dtype: torch.dtype
) -> dict[str, Any]:
    config: Any = model.config
    patches = side // 16
    text = 512
    places = torch.zeros(patches, patches, 3)
    places[..., 1] += torch.arange(patches)[:, None]
    places[..., 2] += torch.arange(patches)[None, :]
    return {
        "hidden_states": torch.randn(rows, patches * patches, config.in_channels, device=device, dtype=dtype),
        "encoder_hidden_states": torch.randn(rows, text, config.joint_attention_dim, device=device, dtype=dtype),
        "pooled_projections": torch.randn(rows, config.pooled_projection_dim, device=device, dtype=dtype),
        "timestep": torch.full((rows,), 0.5, device=device, dtype=dtype),
        "img_ids": places.reshape(-1, 3).to(device, dtype),
        "txt_ids": torch.zeros(text, 3, device=device, dtype=dtype),
        "guidance": torch.full((rows,), 3.5, device=device, dtype=dtype),
    }


def _z_image_inputs(
    model: torch.nn.Module, rows: int, side: int, device: torch.device, dtype: torch.dtype
) -> dict[str, Any]:
    config: Any = model.config
    return {
        "x": [torch.randn(16, 1, side // 8, side // 8, device=device, dtype=dtype) for _ in range(rows)],
        "t": torch.full((rows,), 0.5, device=device, dtype=dtype),
        "cap_feats": [torch.randn(96, config.cap_feat_dim, device=device, dtype=dtype) for _ in range(rows)],
    }


_SD15 = {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
_SDXL = {
    "sample_size": 128,
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (5, 10, 20),
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
_FLUX = {"guidance_embeds": True}

DENOISERS = {
    "sd15": Denoiser(UNet2DConditionModel, _SD15, {"block_out_channels": (32, 64, 64, 64)}, 512, 2, _unet_inputs),
    "sdxl": Denoiser(
        UNet2DConditionModel,
        _SDXL,
        {
            "block_out_channels": (32, 64, 64),
            "attention_head_dim": (2, 4, 4),
            "transformer_layers_per_block": (1, 1, 2),
        },
        1024,
        2,
        _unet_inputs,
    ),
    "flux1": Denoiser(
        FluxTransformer2DModel,
        _FLUX,
        {"num_layers": 1, "num_single_layers": 2, "num_attention_heads": 2},
        1024,
        1,
        _flux_inputs,
    ),
    "z-image": Denoiser(
        ZImageTransformer2DModel,
        {},
        {"dim": 256, "n_layers": 2, "n_heads": 2, "n_kv_heads": 2, "n_refiner_layers": 1},
        1024,
        1,
        _z_image_inputs,
    ),
}
