"""Kolors: Stable Diffusion XL with a language model, ChatGLM 3, as its text encoder."""

from __future__ import annotations

import io
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from diffusers import DiffusionPipeline, KolorsPAGPipeline, KolorsPipeline
from diffusers.pipelines.kolors import ChatGLMModel, ChatGLMTokenizer
from diffusers.pipelines.kolors.text_encoder import ChatGLMConfig

from bench.tiny_families import stable_diffusion
from bench.tiny_families.family import Family
from bench.tiny_families.text_encoders import WIDTH
from bench.tiny_families.tokenizers import SENTENCES
from bench.tiny_families.unets.components import change_unet


def kolors() -> DiffusionPipeline:
    return KolorsPipeline(**_components())


def kolors_pag() -> DiffusionPipeline:
    return KolorsPAGPipeline(**_components())


def _components() -> dict[str, Any]:
    components = stable_diffusion.stable_diffusion_xl().components
    tokenizer = _tokenizer()
    return {name: components[name] for name in ("vae", "scheduler")} | {
        "text_encoder": _text_encoder(tokenizer),
        "tokenizer": tokenizer,
        "unet": change_unet(components["unet"], encoder_hid_dim=WIDTH, encoder_hid_dim_type="text_proj"),
    }


def _tokenizer() -> ChatGLMTokenizer:
    """Letters and pieces of words, from a file of sentencepiece's that lives as long as the tokenizer."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES), model_writer=model, vocab_size=90, hard_vocab_limit=False, minloglevel=2
    )
    folder = Path(tempfile.mkdtemp(prefix="darkroom-tokenizer-"))
    file = folder / "tokenizer.model"
    file.write_bytes(model.getvalue())
    tokenizer = ChatGLMTokenizer(str(file))
    weakref.finalize(tokenizer, shutil.rmtree, folder, ignore_errors=True)
    return tokenizer


def _text_encoder(tokenizer: ChatGLMTokenizer) -> ChatGLMModel:
    config = ChatGLMConfig(
        num_layers=3,
        padded_vocab_size=tokenizer.vocab_size,
        hidden_size=WIDTH,
        ffn_hidden_size=WIDTH,
        kv_channels=16,
        num_attention_heads=2,
        seq_length=256,
        multi_query_attention=True,
        # The published files have it, and the class has no default for it.
        original_rope=True,
    )
    encoder = ChatGLMModel(config)
    with torch.no_grad():
        # The class leaves its weights as the memory was.
        for parameter in encoder.parameters():
            if parameter.ndim == 1:
                parameter.fill_(1.0)
            else:
                parameter.normal_(std=0.2)
    return encoder.eval()


FAMILIES = (
    Family("kolors", "KolorsPipeline", kolors, tasks=("text-to-image", "image-to-image")),
    Family("kolors-pag", "KolorsPAGPipeline", kolors_pag),
)
