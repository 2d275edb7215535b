"""The layouts in which LoRAs are published: names of tensors as each program writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from tests.rendering.adapters.deltas import Layer, Pairs, Written
from tests.rendering.models.single_file import name_in_unet

#: Writes the names of a layer's first and second matrix; the last is the alpha's, or None.
Naming = Callable[[Layer], tuple[str, str, str | None]]

#: Layers of a tiny U-Net of every kind that LoRAs have.
UNET = [
    "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q",
    "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_out.0",
    "up_blocks.0.attentions.1.transformer_blocks.0.ff.net.0.proj",
    "mid_block.attentions.0.proj_in",
    "mid_block.attentions.0.transformer_blocks.0.attn1.to_v",
]
CONVOLUTIONS = [
    "conv_in",
    "conv_out",
    "time_embedding.linear_1",
    "down_blocks.0.resnets.0.conv1",
    "down_blocks.0.downsamplers.0.conv",
    "down_blocks.1.resnets.0.conv_shortcut",
    "up_blocks.0.resnets.1.time_emb_proj",
    "up_blocks.0.upsamplers.0.conv",
    "up_blocks.1.resnets.0.conv2",
]
ENCODER = ["encoder.layers.0.self_attn.q_proj", "encoder.layers.1.mlp.fc1", "encoder.layers.1.self_attn.out_proj"]


def denoiser_layers(paths: Iterable[str]) -> list[Layer]:
    return [("unet", path) for path in paths]


def encoder_layers(*components: str) -> list[Layer]:
    # SDXL's second text encoder has a level of modules that transformers has taken out of the first.
    starts = {component: "text_model." if component.endswith("_2") else "" for component in components}
    return [(component, starts[component] + path) for component in components for path in ENCODER]


def _in_text_model(path: str) -> str:
    return f"text_model.{path.removeprefix('text_model.')}"


def write(pairs: Pairs, layers: Sequence[Layer], naming: Naming, *, rank: int = 3) -> Written:
    """A file of that layout for the layers. The alpha is half the rank if the layout has one."""
    written = Written()
    for layer in layers:
        first, second, added = pairs.pair(layer, rank=rank)
        down, up, alpha = naming(layer)
        written.tensors |= {down: first, up: second}
        if alpha is not None:
            written.tensors[alpha] = torch.tensor(rank / 2)
            added = {each: delta / 2 for each, delta in added.items()}
        written.deltas |= added
    return written


def diffusers(layer: Layer) -> tuple[str, str, None]:
    name = ".".join(layer)
    return f"{name}.lora_A.weight", f"{name}.lora_B.weight", None


def old_diffusers(layer: Layer) -> tuple[str, str, None]:
    """Before it used peft."""
    component, path = layer
    if component != "unet":
        path = f"{_in_text_model(path)}.lora_linear_layer"
    elif ".attn" in path:
        head, _, end = path.rpartition(".to_")
        path = f"{head}.processor.to_{end.removesuffix('.0')}_lora"
    else:
        path = f"{path}.lora"
    return f"{component}.{path}.down.weight", f"{component}.{path}.up.weight", None


def peft(layer: Layer) -> tuple[str, str, None]:
    name = f"base_model.model.{layer[1]}"
    return f"{name}.lora_A.weight", f"{name}.lora_B.weight", None


def bare(layer: Layer) -> tuple[str, str, None]:
    return f"{layer[1]}.lora_A.weight", f"{layer[1]}.lora_B.weight", None


def named_adapter(layer: Layer) -> tuple[str, str, None]:
    """With the name of the adapter, as `state_dict` has it."""
    return f"{layer[1]}.lora_A.default.weight", f"{layer[1]}.lora_B.default.weight", None


def _kohya(prefix: str, path: str) -> tuple[str, str, str]:
    name = f"{prefix}_{path.replace('.', '_')}"
    return f"{name}.lora_down.weight", f"{name}.lora_up.weight", f"{name}.alpha"


def kohya(layer: Layer) -> tuple[str, str, str]:
    """sd-scripts for Stable Diffusion 1 and 2."""
    component, path = layer
    return _kohya("lora_unet", path) if component == "unet" else _kohya("lora_te", _in_text_model(path))


def kohya_xl(layer: Layer) -> tuple[str, str, str]:
    """sd-scripts for SDXL: the first implementation's names, and two text encoders."""
    component, path = layer
    if component == "unet":
        return _kohya("lora_unet", name_in_unet(path))
    return _kohya("lora_te2" if component.endswith("2") else "lora_te1", _in_text_model(path))


def comfy(layer: Layer) -> tuple[str, str, str]:
    component, path = layer
    encoder = "clip_g" if component.endswith("2") else "clip_l"
    start = "diffusion_model" if component == "unet" else f"text_encoders.{encoder}.transformer"
    name = f"{start}.{name_in_unet(path) if component == 'unet' else _in_text_model(path)}"
    return f"{name}.lora_down.weight", f"{name}.lora_up.weight", f"{name}.alpha"


def lycoris(layer: Layer) -> tuple[str, str, str]:
    """LyCORIS around diffusers' modules."""
    component, path = layer
    return _kohya("lycoris_unet" if component == "unet" else "lycoris_te", path)


def one_trainer(layer: Layer) -> tuple[str, str, str]:
    """OneTrainer's newer layout."""
    component, path = layer
    encoder = "clip_g" if component.endswith("2") else "clip_l"
    name = f"unet.{name_in_unet(path)}" if component == "unet" else f"{encoder}.{_in_text_model(path)}"
    return f"{name}.lora_down.weight", f"{name}.lora_up.weight", f"{name}.alpha"


def fused(
    pairs: Pairs, component: str, layers: dict[str, Any], ends: tuple[str, str], alpha: str | None = None
) -> Written:
    """A file with the first implementation's names, each for one of diffusers' layers or for several, in the order of outputs."""
    written = Written()
    for name, paths in layers.items():
        first, second, added = pairs.pair(
            *((component, path) for path in ([paths] if isinstance(paths, str) else paths))
        )
        written.tensors |= {name + ends[0]: first, name + ends[1]: second}
        if alpha is not None:
            written.tensors[name + alpha] = torch.tensor(1.5)
            added = {each: delta / 2 for each, delta in added.items()}
        written.deltas |= added
    return written
