"""Textual inversions: words of a model's own, each with the vectors that its CLIP text encoders read for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import CLIPTextModel, CLIPTextModelWithProjection

from worker.rendering.errors import ModelUnavailable

#: In a file for several encoders, the name of each encoder's vectors.
_OF_ENCODER = {"text_encoder": "clip_l", "text_encoder_2": "clip_g"}

#: Vectors [number, width] of one word.
_AXES = 2


def add_textual_inversions(pipeline: Any, files: Mapping[str, Path]) -> None:
    """Add the words of the files, each by the name of its extra (`textual_inversions.<cat>`), to the pipeline's tokenizers and
    text encoders, which must be the pipeline's own.

    A file has one tensor (diffusers, or A1111's `emb_params`), or one for each encoder (`clip_l` and `clip_g`), of shape [width]
    or [vectors, width]. Raises ModelUnavailable, naming the extra, for anything else, and for a word that the model knows.
    """
    encoders = dict(_list_encoders(pipeline))
    for name, file in files.items():
        word, tensors = name.partition(".")[2], load_file(file)
        for encoder_name, vectors in _divide(name, tensors, tuple(encoders)).items():
            tokenizer, encoder = encoders[encoder_name]
            _check(name, vectors, encoder_name, encoders[encoder_name])
            pipeline.load_textual_inversion({word: vectors}, token=word, tokenizer=tokenizer, text_encoder=encoder)


def _list_encoders(pipeline: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in _OF_ENCODER:
        encoder = getattr(pipeline, name, None)
        if isinstance(encoder, CLIPTextModel | CLIPTextModelWithProjection):
            yield name, (getattr(pipeline, name.replace("text_encoder", "tokenizer")), encoder)


def _divide(name: str, tensors: Mapping[str, torch.Tensor], encoders: tuple[str, ...]) -> dict[str, torch.Tensor]:
    """The vectors for each encoder."""
    if set(tensors) <= set(_OF_ENCODER.values()):
        found = {encoder: tensors[key] for encoder, key in _OF_ENCODER.items() if key in tensors}
        if tuple(found) != encoders:
            raise ModelUnavailable(
                f"{name}: its file has {' and '.join(sorted(tensors))}, and the model's text encoders take "
                f"{' and '.join(_OF_ENCODER[encoder] for encoder in encoders)}"
            )
        return found
    if len(tensors) != 1:
        raise ModelUnavailable(f"{name}: its file has {len(tensors)} tensors, which is no textual inversion")
    if len(encoders) != 1:
        raise ModelUnavailable(f"{name}: its file has vectors for one text encoder, and the model has {len(encoders)}")
    return {encoders[0]: next(iter(tensors.values()))}


def _check(name: str, vectors: torch.Tensor, encoder_name: str, reader: tuple[Any, Any]) -> None:
    tokenizer, encoder = reader
    width = encoder.get_input_embeddings().weight.shape[-1]
    if vectors.dim() not in {1, _AXES} or vectors.shape[-1] != width:
        raise ModelUnavailable(
            f"{name}: its file has a tensor of shape {list(vectors.shape)}, and the model's {encoder_name} takes vectors of {width}"
        )
    if name.partition(".")[2] in tokenizer.get_vocab():
        raise ModelUnavailable(f"{name}: the model knows this word already")
