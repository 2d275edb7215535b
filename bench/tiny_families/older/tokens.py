"""Models that draw in the tokens of a codebook: aMUSEd fills in masked ones, VQ-Diffusion changes them step by step."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import (
    AmusedPipeline,
    AmusedScheduler,
    DiffusionPipeline,
    Transformer2DModel,
    UVit2DModel,
    VQDiffusionPipeline,
    VQDiffusionScheduler,
)
from diffusers.pipelines.deprecated.vq_diffusion.pipeline_vq_diffusion import LearnedClassifierFreeSamplingEmbeddings

from bench.tiny_families import text_encoders, tokenizers
from bench.tiny_families.family import Family
from bench.tiny_families.older.codebooks import CHANNELS, ENTRIES, vq_model
from bench.tiny_families.text_encoders import WIDTH
from worker.rendering.models.moved_modules import has_pipeline_module

#: How far untrained weights are spread, so that some tokens are likelier than others.
_SPREAD = 20.0


def amused() -> DiffusionPipeline:
    """Its transformer has no timestep: how many tokens are masked says as much."""
    tokenizer = tokenizers.clip_tokenizer()
    transformer = UVit2DModel(
        hidden_size=WIDTH,
        cond_embed_dim=WIDTH,
        micro_cond_encode_dim=2,
        micro_cond_embed_dim=10,
        encoder_hidden_size=WIDTH,
        # The codebook's entries, and the mask.
        vocab_size=ENTRIES + 1,
        codebook_size=ENTRIES,
        in_channels=16,
        block_out_channels=16,
        num_res_blocks=1,
        downsample=True,
        upsample=True,
        block_num_heads=2,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=WIDTH,
        sample_size=8,
    )
    _spread(transformer.mlm_layer.conv2)
    return AmusedPipeline(
        vqvae=vq_model(lookup_from_codebook=True, mid_block_add_attention=False),
        tokenizer=tokenizer,
        text_encoder=text_encoders.clip_text_encoder_with_projection(tokenizer),
        transformer=transformer,
        scheduler=AmusedScheduler(mask_token_id=ENTRIES),
    )


def vq_diffusion() -> DiffusionPipeline:
    """It looks its timestep up in a table."""
    has_pipeline_module("vq_diffusion")
    tokenizer = tokenizers.clip_tokenizer()
    options: dict[str, Any] = {"num_vector_embeds": ENTRIES + 1, "num_embeds_ada_norm": 100, "norm_type": "ada_norm"}
    transformer = Transformer2DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        num_layers=1,
        sample_size=8,
        cross_attention_dim=WIDTH,
        attention_bias=True,
        activation_fn="geglu-approximate",
        **options,
    )
    _spread(transformer.out)
    return VQDiffusionPipeline(
        vqvae=vq_model(channels=CHANNELS),
        text_encoder=text_encoders.clip_text_encoder(tokenizer),
        tokenizer=tokenizer,
        transformer=transformer,
        scheduler=VQDiffusionScheduler(num_vec_classes=ENTRIES + 1),
        learned_classifier_free_sampling_embeddings=LearnedClassifierFreeSamplingEmbeddings(learnable=False),
    )


def _spread(layer: torch.nn.Module) -> None:
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(_SPREAD)


FAMILIES = (
    Family("amused", "AmusedPipeline", amused, tasks=("text-to-image", "image-to-image", "inpainting"), most_images=1),
    Family("vq-diffusion", "VQDiffusionPipeline", vq_diffusion, most_images=1),
)
