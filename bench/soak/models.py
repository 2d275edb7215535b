"""Four small models, equal but for their denoisers, and a models file that names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline, UNet2DConditionModel

from bench.models_file import write_section
from bench.tiny_families import FAMILIES

MODELS = ("amber", "birch", "coral", "dune")

#: Channels of the denoisers: about 40 MB of weights each, so that memory that is not freed shows.
_CHANNELS = (96, 192)

_FIELDS: dict[str, Any] = {
    "default_steps": 1,
    "max_steps": 4,
    "default_guidance_scale": 4.0,
    "schedulers": ["ddim", "euler"],
    "default_scheduler": "ddim",
}


def build_models(folder: Path) -> int:
    """Write the models and `models.toml` into the folder. Returns the bytes of memory that hold two of them."""
    FAMILIES["sd15"].build(folder / "base")
    pipeline = DiffusionPipeline.from_pretrained(folder / "base", use_safetensors=True)
    config = {**pipeline.unet.config, "block_out_channels": _CHANNELS}
    for seed, name in enumerate(MODELS):
        torch.manual_seed(seed)
        pipeline.unet = UNet2DConditionModel.from_config(config)
        pipeline.save_pretrained(folder / name)
    sections = [write_section(name, name, **_FIELDS) for name in MODELS]
    (folder / "models.toml").write_text("".join(sections), encoding="utf-8")
    shared = sum(_count_bytes(part) for part in (pipeline.vae, pipeline.text_encoder))
    return shared + int(2.5 * _count_bytes(pipeline.unet))


def _count_bytes(module: torch.nn.Module) -> int:
    return sum(parameter.numel() * parameter.element_size() for parameter in module.parameters())
