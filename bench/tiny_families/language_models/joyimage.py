"""JoyImage-Edit and its Plus, which look at pictures with Qwen 3 VL and draw after them about a megapixel each."""

from __future__ import annotations

from typing import Any

from diffusers import (
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    JoyImageEditPipeline,
    JoyImageEditPlusPipeline,
    JoyImageEditPlusTransformer3DModel,
    JoyImageEditTransformer3DModel,
)

from bench.tiny_families import autoencoders, processors, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH

_OPTIONS = {
    "in_channels": 4,
    "hidden_size": 32,
    "num_attention_heads": 2,
    "text_dim": WIDTH,
    "mlp_width_ratio": 1.0,
    "num_layers": 1,
    "rope_dim_list": [4, 6, 6],
}


def edit() -> DiffusionPipeline:
    """The picture's latents are a second item of each row."""
    return JoyImageEditPipeline(**_components(JoyImageEditTransformer3DModel(**_OPTIONS)))


def edit_plus() -> DiffusionPipeline:
    """The patches of several pictures, of any sizes, stand after those of the result."""
    return JoyImageEditPlusPipeline(**_components(JoyImageEditPlusTransformer3DModel(**_OPTIONS)))


def _components(transformer: Any) -> dict[str, Any]:
    tokenizer = tokenizers.qwen_seeing_tokenizer()
    for block in transformer.double_blocks:
        # So that a few words weigh beside thousands of the picture's tokens.
        block.attn.txt_attn_qkv.weight.data[64:] *= 1000
    return {
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=3.0),
        # As small and coarse as it can be: it reads and writes a megapixel in every job.
        "vae": autoencoders.autoencoder_wan(channels=4, patch=4, width=2),
        "text_encoder": text_encoders.qwen3_seeing_text_encoder(tokenizer),
        "tokenizer": tokenizer,
        "transformer": transformer,
        "processor": processors.qwen3_processor(tokenizer),
    }


FAMILIES = (
    Family(
        "joyimage-edit",
        "JoyImageEditPipeline",
        edit,
        tasks=("edit",),
        steps=2,
        # Then the picture is not scaled.
        sizes=((1024, 1024),),
    ),
    Family(
        "joyimage-edit-plus",
        "JoyImageEditPlusPipeline",
        edit_plus,
        tasks=("edit",),
        steps=2,
        pictures=2,
        arguments={"image": "images"},
    ),
)
