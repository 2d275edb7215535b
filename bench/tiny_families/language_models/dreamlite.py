"""DreamLite: a small UNet that has the picture to edit beside its latents, and a distilled one for phones."""

from __future__ import annotations

from typing import Any

from diffusers import (
    AutoencoderTiny,
    DiffusionPipeline,
    DreamLiteMobilePipeline,
    DreamLitePipeline,
    DreamLiteUNetModel,
    FlowMatchEulerDiscreteScheduler,
)

from bench.tiny_families import processors, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH


def dreamlite() -> DiffusionPipeline:
    return DreamLitePipeline(**_components())


def dreamlite_mobile() -> DiffusionPipeline:
    """It draws without guidance."""
    return DreamLiteMobilePipeline(**_components())


def _components() -> dict[str, Any]:
    tokenizer = tokenizers.qwen_seeing_tokenizer()
    unet = _unet()
    for name, parameter in unet.named_parameters():
        if name.endswith("attn2.to_v.weight"):
            # So that a few words weigh beside an instruction.
            parameter.data *= 50
    return {
        "text_encoder": text_encoders.qwen3_seeing_text_encoder(tokenizer),
        "tokenizer": tokenizer,
        "processor": processors.qwen3_processor(tokenizer),
        "vae": AutoencoderTiny(
            encoder_block_out_channels=(8,) * 4,
            decoder_block_out_channels=(8,) * 4,
            num_encoder_blocks=(1,) * 4,
            num_decoder_blocks=(1,) * 4,
        ),
        "unet": unet,
        "scheduler": FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0),
    }


def _unet() -> DreamLiteUNetModel:
    return DreamLiteUNetModel(
        sample_size=8,
        block_out_channels=(16, 32, 32),
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=WIDTH,
        attention_head_dim=(2, 4, 4),
        use_linear_projection=True,
        addition_embed_type="time",
        addition_time_embed_dim=8,
        # Of two sides.
        projection_class_embeddings_input_dim=16,
        ff_mult=2,
    )


FAMILIES = (
    # Its pipeline fails with several images.
    Family("dreamlite", "DreamLitePipeline", dreamlite, tasks=("text-to-image", "edit"), most_images=1),
    Family("dreamlite-mobile", "DreamLiteMobilePipeline", dreamlite_mobile),
    # It has its picture for one image only.
    Family("dreamlite-mobile-edit", "DreamLiteMobilePipeline", dreamlite_mobile, tasks=("edit",), most_images=1),
)
