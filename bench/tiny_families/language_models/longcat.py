"""LongCat-Image, which reads and looks with Qwen 2.5 VL."""

from __future__ import annotations

from typing import Any

from diffusers import (
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    LongCatImageEditPipeline,
    LongCatImagePipeline,
    LongCatImageTransformer2DModel,
)

from bench.tiny_families import autoencoders, processors, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH


def longcat() -> DiffusionPipeline:
    return LongCatImagePipeline(**_components())


def edit() -> DiffusionPipeline:
    """It draws about a megapixel, in the proportions of its picture; its autoencoder is coarse, for that."""
    vae = autoencoders.autoencoder_kl(channels=16, scaling=0.3611, shift=0.1159, blocks=5)
    return LongCatImageEditPipeline(**_components() | {"vae": vae})


def _components() -> dict[str, Any]:
    tokenizer = tokenizers.qwen_seeing_tokenizer()
    transformer = LongCatImageTransformer2DModel(
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=WIDTH,
        pooled_projection_dim=WIDTH,
        axes_dims_rope=[4, 6, 6],
    )
    # So that a few words weigh beside thousands of the picture's tokens.
    transformer.transformer_blocks[0].attn.add_v_proj.weight.data *= 100
    return {
        "scheduler": FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0),
        # The pipeline counts on 16 channels.
        "vae": autoencoders.autoencoder_kl(channels=16, scaling=0.3611, shift=0.1159),
        "text_encoder": text_encoders.qwen_seeing_text_encoder(tokenizer),
        "tokenizer": tokenizer,
        "text_processor": processors.qwen_processor(tokenizer),
        "transformer": transformer,
    }


FAMILIES = (
    Family("longcat-image", "LongCatImagePipeline", longcat, bare_call={"enable_prompt_rewrite": False}),
    Family(
        "longcat-image-edit",
        "LongCatImageEditPipeline",
        edit,
        tasks=("edit",),
        steps=2,
        # Then the picture is not scaled.
        sizes=((1024, 1024),),
    ),
)
