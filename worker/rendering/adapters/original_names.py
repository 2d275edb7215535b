"""The names that the first implementation of a denoiser gave its layers, beside those of diffusers.

LoRAs of ComfyUI, kohya's sd-scripts and XLabs use them. Where diffusers divides a fused layer, its parts stand in the order of
its outputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

#: Layers of transformers: the first name, and diffusers' name or names. `{i}` is a block's number.
_TRANSFORMERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    # FLUX.1 and FLUX.2
    *(
        (f"double_blocks.{{i}}.{first}", tuple(f"transformer_blocks.{{i}}.{name}" for name in names))
        for first, names in (
            ("img_attn.qkv", ("attn.to_q", "attn.to_k", "attn.to_v")),
            ("txt_attn.qkv", ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj")),
            ("img_attn.proj", ("attn.to_out.0",)),
            ("txt_attn.proj", ("attn.to_add_out",)),
            ("img_mlp.0", ("ff.net.0.proj",)),
            ("img_mlp.2", ("ff.net.2",)),
            ("txt_mlp.0", ("ff_context.net.0.proj",)),
            ("txt_mlp.2", ("ff_context.net.2",)),
            ("img_mlp.0", ("ff.linear_in",)),
            ("img_mlp.2", ("ff.linear_out",)),
            ("txt_mlp.0", ("ff_context.linear_in",)),
            ("txt_mlp.2", ("ff_context.linear_out",)),
            ("img_mod.lin", ("norm1.linear",)),
            ("txt_mod.lin", ("norm1_context.linear",)),
            ("processor.qkv1", ("attn.to_q", "attn.to_k", "attn.to_v")),
            ("processor.qkv2", ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj")),
            ("processor.proj1", ("attn.to_out.0",)),
            ("processor.proj2", ("attn.to_add_out",)),
        )
    ),
    *(
        (f"single_blocks.{{i}}.{first}", tuple(f"single_transformer_blocks.{{i}}.{name}" for name in names))
        for first, names in (
            ("linear1", ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")),
            ("linear2", ("proj_out",)),
            ("linear1", ("attn.to_qkv_mlp_proj",)),
            ("linear2", ("attn.to_out",)),
            ("modulation.lin", ("norm.linear",)),
            ("processor.qkv", ("attn.to_q", "attn.to_k", "attn.to_v")),
            ("processor.proj", ("proj_out",)),
        )
    ),
    ("img_in", ("x_embedder",)),
    ("img_in.proj", ("x_embedder",)),
    ("txt_in", ("context_embedder",)),
    *(
        (f"{first}.{half}_layer", (f"{name}.linear_{number}",))
        for first, name in (
            ("time_in", "time_text_embed.timestep_embedder"),
            ("vector_in", "time_text_embed.text_embedder"),
            ("guidance_in", "time_text_embed.guidance_embedder"),
            ("time_in", "time_guidance_embed.timestep_embedder"),
            ("guidance_in", "time_guidance_embed.guidance_embedder"),
        )
        for half, number in (("in", 1), ("out", 2))
    ),
    *((f"{each}.lin", (f"{each}.linear",)) for each in ("single_stream_modulation", "double_stream_modulation_img")),
    ("double_stream_modulation_txt.lin", ("double_stream_modulation_txt.linear",)),
    ("final_layer.linear", ("proj_out",)),
    ("final_layer.adaLN_modulation.1", ("norm_out.linear",)),
    # Stable Diffusion 3
    *(
        (f"joint_blocks.{{i}}.{side}.{first}", tuple(f"transformer_blocks.{{i}}.{name}" for name in names))
        for side, first, names in (
            ("x_block", "attn.qkv", ("attn.to_q", "attn.to_k", "attn.to_v")),
            ("x_block", "attn2.qkv", ("attn2.to_q", "attn2.to_k", "attn2.to_v")),
            ("context_block", "attn.qkv", ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj")),
            ("x_block", "attn.proj", ("attn.to_out.0",)),
            ("x_block", "attn2.proj", ("attn2.to_out.0",)),
            ("context_block", "attn.proj", ("attn.to_add_out",)),
            ("x_block", "mlp.fc1", ("ff.net.0.proj",)),
            ("x_block", "mlp.fc2", ("ff.net.2",)),
            ("context_block", "mlp.fc1", ("ff_context.net.0.proj",)),
            ("context_block", "mlp.fc2", ("ff_context.net.2",)),
            ("x_block", "adaLN_modulation.1", ("norm1.linear",)),
            ("context_block", "adaLN_modulation.1", ("norm1_context.linear",)),
        )
    ),
    # Z-Image, Lumina 2 and Ideogram 4
    *(
        (f"{blocks}.{{i}}.{first}", tuple(f"{blocks}.{{i}}.{name}" for name in names))
        for blocks in ("layers", "noise_refiner", "context_refiner")
        for first, names in (
            *(
                (f"attention.{first}", tuple(f"{attention}.{name}" for name in names))
                for attention in ("attention", "attn")
                for first, names in (("qkv", ("to_q", "to_k", "to_v")), ("out", ("to_out.0",)), ("o", ("to_out.0",)))
            ),
            *((f"feed_forward.w{number}", (f"feed_forward.linear_{number}",)) for number in (1, 2, 3)),
            ("adaLN_modulation.1", ("norm1.linear",)),
        )
    ),
    # Krea 2
    *(
        (f"{first_blocks}.{{i}}.{first}", (f"{blocks}.{{i}}.{name}",))
        for first_blocks, blocks in (
            ("blocks", "transformer_blocks"),
            ("txtfusion.layerwise_blocks", "text_fusion.layerwise_blocks"),
            ("txtfusion.refiner_blocks", "text_fusion.refiner_blocks"),
        )
        for first, name in (
            *((f"attn.w{each}", f"attn.to_{each}") for each in ("q", "k", "v")),
            ("attn.wo", "attn.to_out.0"),
            ("attn.gate", "attn.to_gate"),
            *((f"mlp.{each}", f"ff.{each}") for each in ("gate", "up", "down")),
        )
    ),
    ("first", ("img_in",)),
    ("last.linear", ("final_layer.linear",)),
    ("tmlp.0", ("time_embed.linear_1",)),
    ("tmlp.2", ("time_embed.linear_2",)),
    ("tproj.1", ("time_mod_proj",)),
    ("txtmlp.1", ("txt_in.linear_1",)),
    ("txtmlp.3", ("txt_in.linear_2",)),
    ("txtfusion.projector", ("text_fusion.projector",)),
)

#: Layers whose outputs are a shift and a scale, which diffusers has the other way round; the second only in the last block.
_FINAL_MODULATION = "final_layer.adaLN_modulation.1"
_CONTEXT_MODULATION = "joint_blocks.{i}.context_block.adaLN_modulation.1"

_RESNET = (
    ("conv1", "in_layers.2"),
    ("conv2", "out_layers.3"),
    ("time_emb_proj", "emb_layers.1"),
    ("conv_shortcut", "skip_connection"),
)
_UNET = (
    ("conv_in", "input_blocks.0.0"),
    ("conv_out", "out.2"),
    ("time_embedding.linear_1", "time_embed.0"),
    ("time_embedding.linear_2", "time_embed.2"),
    ("add_embedding.linear_1", "label_emb.0.0"),
    ("add_embedding.linear_2", "label_emb.0.2"),
    ("mid_block.resnets.0", "middle_block.0"),
    ("mid_block.attentions.0", "middle_block.1"),
    ("mid_block.resnets.1", "middle_block.2"),
)
_BLOCK = re.compile(
    r"^(?P<side>down|up)_blocks\.(?P<block>\d+)\.(?P<part>resnets|attentions|downsamplers|upsamplers)\.(?P<place>\d+)"
)


@dataclass(frozen=True)
class OriginalName:
    """A layer's first name."""

    name: str
    #: The layer in diffusers, or the layers into which diffusers divides it.
    layers: tuple[str, ...]
    #: The two halves of its outputs are the other way round.
    is_swapped: bool = False


def list_original_names(layers: Iterable[str], *, layers_per_block: int | None) -> Iterator[OriginalName]:
    """The first names of those layers of a denoiser that have one. `layers_per_block` is a U-Net's; None for a transformer."""
    known = frozenset(layers)
    return _name_transformer(known) if layers_per_block is None else _name_unet(known, layers_per_block)


def _name_transformer(layers: frozenset[str]) -> Iterator[OriginalName]:
    for first, names in _TRANSFORMERS:
        number = 0
        while layers.issuperset(here := [name.format(i=number) for name in names]):
            name = first.format(i=number)
            is_last = not layers.issuperset(each.format(i=number + 1) for each in names)
            is_swapped = first == _FINAL_MODULATION or (first == _CONTEXT_MODULATION and is_last)
            yield OriginalName(name, tuple(here), is_swapped=is_swapped)
            if len(here) > 1:
                # OneTrainer writes the parts of a fused layer one by one, numbered.
                yield from (OriginalName(f"{name}.{place}", (part,)) for place, part in enumerate(here))
            number += 1
            if "{i}" not in first:
                break


def _name_unet(layers: frozenset[str], layers_per_block: int) -> Iterator[OriginalName]:
    attended = {found[0] for name in layers if (found := _BLOCK.match(name)) and found["part"] == "attentions"}
    for name in layers:
        first = name
        for new, old in _UNET:
            if name == new or name.startswith(f"{new}."):
                first = old + name.removeprefix(new)
        if found := _BLOCK.match(name):
            first = _name_block(found, layers_per_block, attended) + name[found.end() :]
            first = first.replace("downsamplers.conv", "op")
        if ".resnets." in name:
            for new, old in _RESNET:
                first = re.sub(rf"\.{new}$", f".{old}", first)
        if first != name:
            yield OriginalName(first, (name,))


def _name_block(found: re.Match[str], layers_per_block: int, attended: set[str]) -> str:
    """Down and up, the first implementation numbers the layers of all blocks in one row."""
    block, place = int(found["block"]), int(found["place"])
    if found["side"] == "down":
        number = block * (layers_per_block + 1) + 1 + (layers_per_block if found["part"] == "downsamplers" else place)
        return f"input_blocks.{number}." + (
            "0.downsamplers" if found["part"] == "downsamplers" else _SUBPLACE[found["part"]]
        )
    number = block * (layers_per_block + 1) + (layers_per_block if found["part"] == "upsamplers" else place)
    if found["part"] == "upsamplers":
        # It comes after the attention, if the block has any.
        has_attention = any(name.startswith(f"up_blocks.{block}.") for name in attended)
        return f"output_blocks.{number}.{2 if has_attention else 1}"
    return f"output_blocks.{number}.{_SUBPLACE[found['part']]}"


_SUBPLACE = {"resnets": "0", "attentions": "1"}
