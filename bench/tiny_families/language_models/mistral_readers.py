"""Transformers that read the states of Mistral 3: FLUX.2 and ERNIE-Image; and FLUX.2 klein with a cache."""

from __future__ import annotations

from diffusers import (
    DiffusionPipeline,
    ErnieImagePipeline,
    ErnieImageTransformer2DModel,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinKVPipeline,
    Flux2Pipeline,
    Flux2Transformer2DModel,
)

from bench.tiny_families import autoencoders, diffusion_transformers, processors, text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH
from bench.tiny_families.zeros import fill_zeros


def flux_2() -> DiffusionPipeline:
    """It reads the states after three layers, the last of them the thirtieth."""
    tokenizer = tokenizers.mistral_tokenizer()
    transformer = Flux2Transformer2DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        joint_attention_dim=3 * WIDTH,
        timestep_guidance_channels=32,
        axes_dims_rope=(4, 4, 4, 4),
    )
    # So that a few words weigh beside a long instruction and its padding.
    transformer.transformer_blocks[0].attn.add_v_proj.weight.data *= 100
    return Flux2Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0),
        vae=autoencoders.autoencoder_flux2(channels=4),
        text_encoder=text_encoders.mistral_text_encoder(tokenizer, layers=31),
        tokenizer=processors.pixtral_processor(tokenizer),
        transformer=transformer,
    )


def flux_2_klein_kv() -> DiffusionPipeline:
    """In its first step it keeps what the picture's tokens are for all others."""
    components = diffusion_transformers.flux2_klein().components
    return Flux2KleinKVPipeline(**components)


def ernie() -> DiffusionPipeline:
    tokenizer = tokenizers.mistral_tokenizer()
    return ErnieImagePipeline(
        transformer=fill_zeros(
            ErnieImageTransformer2DModel(
                hidden_size=32,
                num_attention_heads=2,
                num_layers=2,
                ffn_hidden_size=32,
                in_channels=16,
                out_channels=16,
                text_in_dim=WIDTH,
                rope_axes_dim=(4, 6, 6),
            )
        ),
        vae=autoencoders.autoencoder_flux2(channels=4),
        text_encoder=text_encoders.mistral_text_encoder(tokenizer, layers=2).model,
        tokenizer=tokenizer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    )


FAMILIES = (
    Family("flux-2", "Flux2Pipeline", flux_2, tasks=("text-to-image", "edit")),
    Family("flux-2-klein-kv", "Flux2KleinKVPipeline", flux_2_klein_kv, tasks=("text-to-image", "edit")),
    Family("ernie-image", "ErnieImagePipeline", ernie, bare_call={"use_pe": False}),
)
