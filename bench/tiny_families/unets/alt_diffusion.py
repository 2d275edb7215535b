"""AltDiffusion: Stable Diffusion with a text encoder of many languages, XLM-RoBERTa."""

from __future__ import annotations

import string

import torch
from diffusers import AltDiffusionPipeline, DiffusionPipeline
from diffusers.pipelines.deprecated.alt_diffusion.modeling_roberta_series import (
    RobertaSeriesConfig,
    RobertaSeriesModelWithTransformation,
)
from transformers import XLMRobertaTokenizer

from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH
from bench.tiny_families.unets.components import stable_diffusion_components
from worker.rendering.models.moved_modules import has_pipeline_module


def alt_diffusion() -> DiffusionPipeline:
    # Its folder names this module, which diffusers has moved.
    assert has_pipeline_module("alt_diffusion")
    tokenizer = _tokenizer()
    config = RobertaSeriesConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        project_dim=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=80,
    )
    encoder = RobertaSeriesModelWithTransformation(config)
    # As wide apart as the states of CLIP: a new one has prompts that differ by less than the rounding of a picture.
    torch.nn.init.normal_(encoder.transformation.weight, std=0.3)
    return AltDiffusionPipeline(
        **stable_diffusion_components() | {"text_encoder": encoder, "tokenizer": tokenizer},
        requires_safety_checker=False,
    )


def _tokenizer() -> XLMRobertaTokenizer:
    """A token for every letter."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", *string.printable.strip(), "<mask>"]
    return XLMRobertaTokenizer(vocab=[(piece, -1.0) for piece in pieces], model_max_length=77)


FAMILIES = (Family("alt-diffusion", "AltDiffusionPipeline", alt_diffusion, tasks=("text-to-image", "image-to-image")),)
