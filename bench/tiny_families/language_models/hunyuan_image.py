"""HunyuanImage 2.1 and its refiner, which read with Qwen 2.5 VL."""

from __future__ import annotations

from diffusers import (
    AutoencoderKLHunyuanImage,
    AutoencoderKLHunyuanImageRefiner,
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    HunyuanImagePipeline,
    HunyuanImageRefinerPipeline,
    HunyuanImageTransformer2DModel,
)
from transformers import ByT5Tokenizer

from bench.tiny_families import text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH


def hunyuan_image() -> DiffusionPipeline:
    """The words between quotation marks are read by ByT5, too."""
    tokenizer, bytes_read = tokenizers.qwen_tokenizer(), ByT5Tokenizer()
    return HunyuanImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        vae=AutoencoderKLHunyuanImage(
            in_channels=3,
            out_channels=3,
            latent_channels=16,
            block_out_channels=(32, 32, 32, 32),
            layers_per_block=1,
            spatial_compression_ratio=8,
            sample_size=64,
            scaling_factor=0.75289,
        ),
        text_encoder=text_encoders.qwen_vision_text_encoder(tokenizer),
        tokenizer=tokenizer,
        text_encoder_2=text_encoders.t5_text_encoder(bytes_read),
        tokenizer_2=bytes_read,
        transformer=_transformer(
            in_channels=16, out_channels=16, patch_size=(1, 1), text_embed_2_dim=WIDTH, rope_axes_dim=(8, 8)
        ),
    )


def refiner() -> DiffusionPipeline:
    """It draws the picture again, with more detail."""
    tokenizer = tokenizers.qwen_tokenizer()
    return HunyuanImageRefinerPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=4.0),
        vae=AutoencoderKLHunyuanImageRefiner(
            latent_channels=8,
            block_out_channels=(32, 32, 32, 32, 32),
            layers_per_block=1,
        ),
        text_encoder=text_encoders.qwen_vision_text_encoder(tokenizer),
        tokenizer=tokenizer,
        transformer=_transformer(
            in_channels=32, out_channels=16, patch_size=(1, 1, 1), rope_axes_dim=(4, 6, 6), guidance_embeds=True
        ),
    )


def _transformer(**options: object) -> HunyuanImageTransformer2DModel:
    transformer = HunyuanImageTransformer2DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        num_layers=2,
        num_single_layers=1,
        num_refiner_layers=1,
        text_embed_dim=WIDTH,
        **options,
    )
    # So that a few words weigh beside an instruction.
    for block in transformer.transformer_blocks:
        block.attn.add_v_proj.weight.data *= 1000
    return transformer


FAMILIES = (
    Family("hunyuan-image", "HunyuanImagePipeline", hunyuan_image, guidance="distilled_guidance_scale"),
    Family(
        "hunyuan-image-refiner",
        "HunyuanImageRefinerPipeline",
        refiner,
        tasks=("edit",),
        guidance="distilled_guidance_scale",
    ),
)
