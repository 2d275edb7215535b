"""Encode a prompt with the pipeline's own `encode_prompt`; a long one as a whole if all text encoders are CLIP's."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer
from transformers.utils.output_capturing import maybe_install_capturing_hooks

from worker.rendering.prompts.cache import EncodedPrompt
from worker.rendering.prompts.readings import list_readings
from worker.rendering.prompts.tokens import TokenizerRecording, chunk_size, record, split_tokens

#: Calls an `encode_prompt` of the given pipeline object.
Encode = Callable[[Any], Any]


def encode(pipeline: Any, encode_prompt: Encode, arguments: Mapping[str, Any]) -> EncodedPrompt:
    """What `encode_prompt` returns for the pipeline, and what its tokenizers read of the arguments' texts.

    A prompt that is too long for CLIP is encoded in chunks of as many tokens as fit, each with its own markers, and the
    chunks are concatenated: [rows, chunks * length, width]. Prompts that belong together (a negative prompt and its
    prompt) get the same number of chunks; the pooled output is the first chunk's. A prompt that fits is encoded as usual.
    """
    recording = TokenizerRecording()
    has_embeddings = any(isinstance(value, Tensor) for value in arguments.values())
    if has_embeddings or not reads_in_chunks(pipeline):
        output = encode_prompt(_recording_pipeline(pipeline, recording))
        return EncodedPrompt(output, list_readings(pipeline, recording, arguments))

    outputs = [encode_prompt(_recording_pipeline(pipeline, recording, chunk=0))]
    chunks = _count_chunks(pipeline, recording)
    outputs += [
        encode_prompt(_recording_pipeline(pipeline, TokenizerRecording(), chunk=chunk)) for chunk in range(1, chunks)
    ]
    return EncodedPrompt(_join(outputs), list_readings(pipeline, recording, arguments, chunks=chunks))


def reads_in_chunks(pipeline: Any) -> bool:
    """Whether all encoders of the prompt are CLIP's, and the denoiser is a UNet, which attends to any number of tokens."""
    if getattr(pipeline, "unet", None) is None:
        return False
    tokenizers = dict(list_tokenizers(pipeline))
    encoders = {name: getattr(pipeline, name.replace("tokenizer", "text_encoder"), None) for name in tokenizers}
    return (
        bool(tokenizers)
        and all(isinstance(tokenizer, CLIPTokenizer) for tokenizer in tokenizers.values())
        and all(isinstance(encoder, CLIPTextModel | CLIPTextModelWithProjection) for encoder in encoders.values())
        and len({tokenizer.model_max_length for tokenizer in tokenizers.values()}) == 1
    )


def list_tokenizers(pipeline: Any) -> Iterator[tuple[str, Any]]:
    """The pipeline's tokenizers by their names, in order."""
    for name in sorted(pipeline.config):
        if name.startswith("tokenizer") and getattr(pipeline, name, None) is not None:
            yield name, getattr(pipeline, name)


def list_reading_components(pipeline: Any) -> list[Any]:
    """The tokenizers and text encoders: only one encoding at a time may use them."""
    names = (name for name in pipeline.components if name.startswith(("tokenizer", "text_encoder")))
    return [component for name in names if (component := getattr(pipeline, name, None)) is not None]


def _recording_pipeline(pipeline: Any, recording: TokenizerRecording, *, chunk: int | None = None) -> Any:
    recorder = copy.copy(pipeline)
    for name, tokenizer in list_tokenizers(pipeline):
        # Not by the pipeline's own __setattr__, which would write the copy's class into its configuration.
        recorder.__dict__[name] = record(tokenizer, name, recording, chunk=chunk)
    encoder = getattr(pipeline, "text_encoder", None)
    if isinstance(encoder, CLIPTextModel) and not hasattr(encoder, "text_model"):
        # Transformers marks on the model that its layers' outputs are captured. On a copy it would capture them once more
        # for each job, and the pipeline would take another layer's output for that of the last layer but one.
        maybe_install_capturing_hooks(encoder)
        # With clip_skip, Stable Diffusion uses the last layer by a name that transformers 5 has dropped.
        recorder.__dict__["text_encoder"] = renamed = copy.copy(encoder)
        renamed.__dict__["text_model"] = encoder
    return recorder


def _count_chunks(pipeline: Any, recording: TokenizerRecording) -> int:
    lengths = [
        -(-len(split_tokens(tokenizer, text).ids) // chunk_size(tokenizer))
        for name, text in recording.limits
        for tokenizer in [getattr(pipeline, name)]
    ]
    return max(lengths, default=1)


def _join(outputs: list[Any]) -> Any:
    if len(outputs) == 1:
        return outputs[0]
    return tuple(_join_part(parts) for parts in zip(*outputs, strict=True))


def _join_part(parts: tuple[Any, ...]) -> Any:
    # Tokens [rows, tokens, width] of all chunks; the pooled output [rows, width] of the first chunk.
    is_tokens = isinstance(parts[0], Tensor) and parts[0].ndim == 3  # noqa: PLR2004
    return torch.cat(parts, dim=1) if is_tokens else parts[0]
