"""What the pipelines that draw in stages have in common: priors of unCLIP's kind, and tokenizers of their own."""

from __future__ import annotations

import string
from typing import Any

import torch
from diffusers import PriorTransformer, UnCLIPScheduler
from transformers import XLMRobertaTokenizer

from bench.tiny_families import image_encoders, text_encoders, tokenizers
from bench.tiny_families.text_encoders import WIDTH


def xlm_roberta_tokenizer() -> XLMRobertaTokenizer:
    """A token for every letter."""
    marks = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    letters = [(letter, -1.0) for letter in ("▁", *string.printable.strip())]
    return XLMRobertaTokenizer(vocab=[*marks, *letters, ("<mask>", 0.0)], model_max_length=77)


def prior_transformer() -> PriorTransformer:
    """Draws the embedding of a picture from that of a text."""
    prior = PriorTransformer(num_attention_heads=2, attention_head_dim=16, embedding_dim=WIDTH, num_layers=1)
    # diffusers leaves them at what they are without training: nothing, and no spread.
    prior.clip_std = torch.nn.Parameter(torch.ones(prior.clip_std.shape))
    return prior


def unclip_scheduler(**options: Any) -> UnCLIPScheduler:
    return UnCLIPScheduler(variance_type="fixed_small_log", prediction_type="sample", **options)


def kandinsky_prior() -> dict[str, Any]:
    """The components of Kandinsky 2's priors."""
    tokenizer = tokenizers.clip_tokenizer()
    return {
        "prior": prior_transformer(),
        "image_encoder": image_encoders.clip_image_encoder(),
        "text_encoder": text_encoders.clip_text_encoder_with_projection(tokenizer),
        "tokenizer": tokenizer,
        "scheduler": unclip_scheduler(clip_sample_range=10.0),
        "image_processor": image_encoders.clip_image_processor(),
    }


def as_prior(components: dict[str, Any]) -> dict[str, Any]:
    """The components under the names that they have in a pipeline of both stages."""
    return {f"prior_{name}": component for name, component in components.items()}
