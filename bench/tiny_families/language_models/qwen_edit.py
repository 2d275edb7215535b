"""Qwen-Image's relatives that look at pictures: Edit and Edit-Plus."""

from __future__ import annotations

from typing import Any

from diffusers import DiffusionPipeline, QwenImageEditPipeline, QwenImageEditPlusPipeline

from bench.tiny_families import autoencoders, diffusion_transformers, processors, text_encoders, tokenizers
from bench.tiny_families.family import Family


def edit() -> DiffusionPipeline:
    """It looks at a megapixel of its picture, whatever size it draws."""
    return QwenImageEditPipeline(**_components())


def edit_plus() -> DiffusionPipeline:
    return QwenImageEditPlusPipeline(**_components())


def _components() -> dict[str, Any]:
    tokenizer = tokenizers.qwen_seeing_tokenizer()
    components: dict[str, Any] = diffusion_transformers.qwen_image().components
    for block in components["transformer"].transformer_blocks:
        # So that a few words weigh beside thousands of the picture's tokens.
        block.attn.add_v_proj.weight.data *= 100
    return components | {
        "text_encoder": text_encoders.qwen_seeing_text_encoder(tokenizer),
        "tokenizer": tokenizer,
        # As small as it can be: it reads a megapixel in every job.
        "vae": autoencoders.autoencoder_qwen(channels=4, width=2),
        "processor": processors.qwen_processor(tokenizer),
    }


FAMILIES = (
    Family(
        "qwen-image-edit",
        "QwenImageEditPipeline",
        edit,
        tasks=("edit",),
        guidance="true_cfg_scale",
        steps=2,
    ),
    Family(
        "qwen-image-edit-inpainting",
        "QwenImageEditPipeline",
        edit,
        tasks=("inpainting",),
        guidance="true_cfg_scale",
        steps=2,
        # It draws a megapixel, and then the picture is not scaled.
        sizes=((1024, 1024),),
        # It encodes the picture with the first image's generator only.
        most_images=1,
    ),
    Family(
        "qwen-image-edit-plus",
        "QwenImageEditPlusPipeline",
        edit_plus,
        tasks=("edit",),
        guidance="true_cfg_scale",
        steps=2,
        pictures=2,
    ),
)
