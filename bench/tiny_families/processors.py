"""Processors that put pictures between the words of a language model, with small real tokenizers."""

from __future__ import annotations

from transformers import (
    PixtralImageProcessor,
    PixtralProcessor,
    PreTrainedTokenizerBase,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

#: Few enough for a test.
_PIXELS = {"shortest_edge": 56 * 56, "longest_edge": 112 * 112}


def qwen_processor(tokenizer: PreTrainedTokenizerBase) -> Qwen2VLProcessor:
    return Qwen2VLProcessor(
        image_processor=Qwen2VLImageProcessor(size=_PIXELS),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(size=_PIXELS),
        chat_template=tokenizer.chat_template,
    )


def qwen3_processor(tokenizer: PreTrainedTokenizerBase) -> Qwen3VLProcessor:
    """Its patches are 16 pixels wide."""
    return Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessor(size=_PIXELS, patch_size=16),
        tokenizer=tokenizer,
        video_processor=Qwen3VLVideoProcessor(size=_PIXELS, patch_size=16),
        chat_template=tokenizer.chat_template,
    )


def pixtral_processor(tokenizer: PreTrainedTokenizerBase) -> PixtralProcessor:
    return PixtralProcessor(
        image_processor=PixtralImageProcessor(size={"longest_edge": 112}, patch_size=16),
        tokenizer=tokenizer,
        chat_template=tokenizer.chat_template,
    )
