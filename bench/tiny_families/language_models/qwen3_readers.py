"""Transformers that read the states of Qwen 3 VL: Nucleus-Image, Qwen-Image 2.1 and Ideogram 4."""

from __future__ import annotations

import torch
from diffusers import (
    AutoencoderKLQwenImage21,
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    Ideogram4Pipeline,
    Ideogram4Transformer2DModel,
    NucleusMoEImagePipeline,
    NucleusMoEImageTransformer2DModel,
    QwenImage21Pipeline,
    QwenImage21Transformer2DModel,
)

from bench.tiny_families import autoencoders, processors, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH

_HEADS = {"num_attention_heads": 2, "attention_head_dim": 16}
#: The layers of the text encoder whose states Ideogram 4 reads; the last of them is the 36th.
_LAYERS_READ = 13
#: The experts' weights are the only ones with a dimension for the expert.
_EXPERTS_NDIM = 3


def nucleus() -> DiffusionPipeline:
    """Some of its layers are mixtures of experts; it reads the eighth state from the end."""
    tokenizer = tokenizers.qwen_seeing_tokenizer()
    transformer = NucleusMoEImageTransformer2DModel(
        **_HEADS,
        in_channels=16,
        out_channels=4,
        num_layers=5,
        num_key_value_heads=1,
        joint_attention_dim=WIDTH,
        axes_dims_rope=(4, 6, 6),
        num_experts=4,
        moe_intermediate_dim=16,
        capacity_factors=2.0,
    )
    # diffusers leaves the experts uninitialised, because it fills them from the file.
    for parameter in transformer.parameters():
        if parameter.ndim == _EXPERTS_NDIM:
            torch.nn.init.normal_(parameter, std=0.1)
    return NucleusMoEImagePipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=autoencoders.autoencoder_qwen(channels=4),
        text_encoder=text_encoders.qwen3_seeing_text_encoder(tokenizer, layers=8),
        processor=processors.qwen3_processor(tokenizer),
    )


def qwen_image_21() -> DiffusionPipeline:
    """Pictures with four colours, and latents at a 16th of their size."""
    tokenizer = tokenizers.qwen_seeing_tokenizer()
    return QwenImage21Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0),
        vae=AutoencoderKLQwenImage21(
            base_dim=8,
            decoder_base_dim=8,
            z_dim=4,
            dim_mult=[1, 1, 1, 1, 1],
            num_res_blocks=1,
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        text_encoder=text_encoders.qwen3_seeing_text_encoder(tokenizer),
        processor=processors.qwen3_processor(tokenizer),
        transformer=QwenImage21Transformer2DModel(
            **_HEADS, in_channels=4, out_channels=4, num_layers=2, context_in_dim=WIDTH, axes_dims_rope=(4, 6, 6)
        ),
    )


def ideogram() -> DiffusionPipeline:
    """Its guidance comes from a second transformer, which reads no prompt."""
    tokenizer = tokenizers.qwen_seeing_tokenizer()
    return Ideogram4Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=autoencoders.autoencoder_flux2(channels=4),
        text_encoder=text_encoders.qwen3_seeing_text_encoder(tokenizer, layers=36).model,
        tokenizer=tokenizer,
        transformer=_ideogram_transformer(),
        unconditional_transformer=_ideogram_transformer(),
    )


def _ideogram_transformer() -> Ideogram4Transformer2DModel:
    return Ideogram4Transformer2DModel(
        **_HEADS,
        in_channels=16,
        num_layers=2,
        intermediate_size=32,
        adaln_dim=16,
        llm_features_dim=_LAYERS_READ * WIDTH,
        mrope_section=(4, 2, 2),
    )


FAMILIES = (
    Family("nucleus", "NucleusMoEImagePipeline", nucleus),
    Family(
        "qwen-image-2.1",
        "QwenImage21Pipeline",
        qwen_image_21,
        guidance="true_cfg_scale",
        bare_call={"use_kv_cache": False},
    ),
    Family(
        "ideogram-4",
        "Ideogram4Pipeline",
        ideogram,
        call={"max_sequence_length": 64},
        bare_call={"guidance_schedule": None},
    ),
)
