"""Write a tiny Stable Diffusion or SDXL as a single file, as such models were first published: other names, same weights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline
from safetensors.torch import save_file

#: From diffusers' names to those of the first implementation, tried in order.
_RESNET = [
    (r"\.norm1\.", ".in_layers.0."),
    (r"\.conv1\.", ".in_layers.2."),
    (r"\.time_emb_proj\.", ".emb_layers.1."),
    (r"\.norm2\.", ".out_layers.0."),
    (r"\.conv2\.", ".out_layers.3."),
    (r"\.conv_shortcut\.", ".skip_connection."),
]
_UNET = [
    (r"^time_embedding\.linear_1\.", "time_embed.0."),
    (r"^time_embedding\.linear_2\.", "time_embed.2."),
    (r"^conv_in\.", "input_blocks.0.0."),
    (r"^conv_norm_out\.", "out.0."),
    (r"^conv_out\.", "out.2."),
    (r"^down_blocks\.0\.resnets\.0\.", "input_blocks.1.0."),
    (r"^down_blocks\.0\.downsamplers\.0\.conv\.", "input_blocks.2.0.op."),
    (r"^down_blocks\.1\.resnets\.0\.", "input_blocks.3.0."),
    (r"^down_blocks\.1\.attentions\.0\.", "input_blocks.3.1."),
    (r"^mid_block\.resnets\.0\.", "middle_block.0."),
    (r"^mid_block\.attentions\.0\.", "middle_block.1."),
    (r"^mid_block\.resnets\.1\.", "middle_block.2."),
    (r"^up_blocks\.0\.resnets\.(\d)\.", r"output_blocks.\1.0."),
    (r"^up_blocks\.0\.attentions\.(\d)\.", r"output_blocks.\1.1."),
    (r"^up_blocks\.0\.upsamplers\.0\.conv\.", "output_blocks.1.2.conv."),
    (r"^up_blocks\.1\.resnets\.0\.", "output_blocks.2.0."),
    (r"^up_blocks\.1\.resnets\.1\.", "output_blocks.3.0."),
]
_ADDED = [(r"^add_embedding\.linear_1\.", "label_emb.0.0."), (r"^add_embedding\.linear_2\.", "label_emb.0.2.")]
_OPEN_CLIP = [
    (r"^text_model\.embeddings\.position_embedding\.weight", "positional_embedding"),
    (r"^text_model\.embeddings\.token_embedding\.", "token_embedding."),
    (r"^text_model\.final_layer_norm\.", "ln_final."),
    (r"^text_model\.encoder\.layers\.", "transformer.resblocks."),
    (r"\.layer_norm([12])\.", r".ln_\1."),
    (r"\.mlp\.fc1\.", ".mlp.c_fc."),
    (r"\.mlp\.fc2\.", ".mlp.c_proj."),
    (r"\.self_attn\.", ".attn."),
]
_VAE = [
    (r"down_blocks\.(\d)\.resnets\.(\d)\.", r"down.\1.block.\2."),
    (r"down_blocks\.(\d)\.downsamplers\.0\.", r"down.\1.downsample."),
    (r"mid_block\.resnets\.0\.", "mid.block_1."),
    (r"mid_block\.resnets\.1\.", "mid.block_2."),
    (r"mid_block\.attentions\.0\.group_norm\.", "mid.attn_1.norm."),
    (r"mid_block\.attentions\.0\.to_([qkv])\.", r"mid.attn_1.\1."),
    (r"mid_block\.attentions\.0\.to_out\.0\.", "mid.attn_1.proj_out."),
    (r"conv_norm_out\.", "norm_out."),
    (r"conv_shortcut\.", "nin_shortcut."),
]


def write_single_file(folder: Path, file: Path) -> None:
    """From a folder of the tiny family `sd15`."""
    pipeline: Any = DiffusionPipeline.from_pretrained(folder, use_safetensors=True)
    weights = {
        **_rename(pipeline.unet, "model.diffusion_model.", _UNET, _RESNET),
        **_rename_autoencoder(pipeline.vae),
        **_rename(pipeline.text_encoder, "cond_stage_model.transformer.text_model.", [(r"^text_model\.", "")], []),
    }
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, file)


def write_single_file_xl(folder: Path, file: Path) -> None:
    """From a folder of the tiny family `sdxl`, whose text encoders have different widths."""
    pipeline: Any = DiffusionPipeline.from_pretrained(folder, use_safetensors=True)
    first = "conditioner.embedders.0.transformer.text_model."
    weights = {
        **_rename(pipeline.unet, "model.diffusion_model.", [*_UNET, *_ADDED], _RESNET),
        **_rename_autoencoder(pipeline.vae),
        **_rename(pipeline.text_encoder, first, [(r"^text_model\.", "")], []),
        **_fuse_open_clip(pipeline.text_encoder_2.state_dict(), "conditioner.embedders.1.model."),
    }
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, file)


def _rename_autoencoder(autoencoder: Any) -> dict[str, torch.Tensor]:
    levels = len(autoencoder.config.block_out_channels)
    # Decoders number their levels from the other end.
    up = [
        (rf"up_blocks\.{level}\.{name}", f"up.{levels - 1 - level}.{other}")
        for level in range(levels)
        for name, other in ((r"resnets\.(\d)\.", r"block.\1."), (r"upsamplers\.0\.", "upsample."))
    ]
    return _rename(autoencoder, "first_stage_model.", [*up, *_VAE], [])


def _fuse_open_clip(weights: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """OpenCLIP has the projections of query, key and value in one, and the last one the other way round."""
    fused = {f"{prefix}text_projection": weights["text_projection.weight"].T}
    for name, tensor in weights.items():
        if found := re.match(r"text_model\.encoder\.layers\.(\d+)\.self_attn\.q_proj\.(weight|bias)", name):
            parts = [weights[name.replace("q_proj", part)] for part in ("q_proj", "k_proj", "v_proj")]
            fused[f"{prefix}transformer.resblocks.{found[1]}.attn.in_proj_{found[2]}"] = torch.cat(parts)
        elif not re.search(r"\.[kv]_proj\.|text_projection", name):
            fused[prefix + _rename_one(name, _OPEN_CLIP, [])] = tensor
    return fused


def name_in_unet(layer: str) -> str:
    """The first implementation's name of a layer of the tiny U-Net."""
    return _rename_one(f"{layer}.", _UNET, _RESNET).removesuffix(".")


def _rename(
    module: torch.nn.Module, prefix: str, names: list[tuple[str, str]], resnet: list[tuple[str, str]]
) -> dict[str, torch.Tensor]:
    return {prefix + _rename_one(name, names, resnet): tensor for name, tensor in module.state_dict().items()}


def _rename_one(name: str, names: list[tuple[str, str]], resnet: list[tuple[str, str]]) -> str:
    new = name
    for pattern, replacement in names:
        new = re.sub(pattern, replacement, new, count=1)
    if ".resnets." in name:
        for pattern, replacement in resnet:
            new = re.sub(pattern, replacement, new)
    return new
