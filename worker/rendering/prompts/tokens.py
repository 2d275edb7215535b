"""What a tokenizer reads of a text: recorded from the pipeline's own calls of it, for any family."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from core.prompts.token_reading import TokenReading


@dataclass(frozen=True, kw_only=True)
class Reading(TokenReading):
    """What one tokenizer read of one prompt. Tokens are the prompt's own: no markers, no template around it."""

    #: The part of the prompt after what was read.
    cut_off: str
    #: The template around the prompt, and the tokens that are read of the whole text; None: all.
    before: str = field(compare=False)
    after: str = field(compare=False)
    text_limit: int | None = field(compare=False)


@dataclass
class TokenizerRecording:
    """The texts that the tokenizers of one pipeline were called with."""

    #: By tokenizer and text, the most tokens that were read of it (None: all). If a text was read twice, the shorter reading
    #: was for the model, and the longer one was to find out what is cut off.
    limits: dict[tuple[str, str], int | None] = field(default_factory=dict)

    def note(self, tokenizer: str, text: str, limit: int | None) -> None:
        """A text was read, up to `limit` tokens."""
        known = self.limits.get((tokenizer, text))
        self.limits[tokenizer, text] = limit if known is None else known if limit is None else min(known, limit)


@dataclass(frozen=True)
class Pieces:
    """A text's own tokens, and where in the text each begins and ends (empty if the tokenizer cannot return that)."""

    ids: list[int]
    spans: list[tuple[int, int]]


def record(tokenizer: Any, name: str, recording: TokenizerRecording, *, chunk: int | None = None) -> Any:
    """A copy of the tokenizer that notes what it is called with, and returns what the tokenizer returns.

    With `chunk` it returns only that chunk of every text, from 0, with its own begin and end markers.
    """
    inner = getattr(tokenizer, "tokenizer", None)
    if inner is not None:  # a processor, which has the tokenizer inside
        processor = copy.copy(tokenizer)
        processor.tokenizer = record(inner, name, recording, chunk=chunk)
        return processor
    recorder = copy.copy(tokenizer)
    # A class of its own, because its methods call it too (apply_chat_template does), past any wrapper around it.
    kind: Any = type(tokenizer)
    recorder.__class__ = _recording_class(kind)
    recorder.darkroom_name, recorder.darkroom_recording, recorder.darkroom_chunk = name, recording, chunk
    return recorder


def split_tokens(tokenizer: Any, text: str) -> Pieces:
    """The text's own tokens, without markers. A recording tokenizer does not note this call."""
    call = super(type(tokenizer), tokenizer).__call__ if hasattr(tokenizer, "darkroom_recording") else tokenizer
    has_spans = bool(getattr(tokenizer, "is_fast", False))
    tokens = call(
        text, add_special_tokens=False, verbose=False, **({"return_offsets_mapping": True} if has_spans else {})
    )
    return Pieces(list(tokens["input_ids"]), list(tokens["offset_mapping"]) if has_spans else [])


def chunk_size(tokenizer: Any) -> int:
    """The number of a text's own tokens that fit into one chunk."""
    return int(tokenizer.model_max_length) - int(tokenizer.num_special_tokens_to_add())


@cache
def _recording_class(kind: Any) -> type[Any]:
    def call(self: Any, text: Any = None, *arguments: Any, **options: Any) -> Any:
        texts = [text] if isinstance(text, str) else text
        if isinstance(texts, Sequence) and all(isinstance(item, str) for item in texts):
            limit = _limit(self, options)
            for item in texts:
                self.darkroom_recording.note(self.darkroom_name, item, limit)
            if self.darkroom_chunk:
                return _read_chunk(self, texts, **options)
        if self.darkroom_chunk == 0 and not options.get("truncation"):
            # The pipeline asks this only to warn about what is cut off, and nothing is.
            options |= {"truncation": True, "max_length": self.model_max_length}
        return kind.__call__(self, text, *arguments, **options)

    return type(f"Recording{kind.__name__}", (kind,), {"__call__": call})


def _limit(tokenizer: Any, options: dict[str, Any]) -> int | None:
    if not options.get("truncation"):
        return None
    markers = tokenizer.num_special_tokens_to_add() if options.get("add_special_tokens", True) else 0
    return int(options.get("max_length") or tokenizer.model_max_length) - int(markers)


def _read_chunk(tokenizer: Any, texts: Sequence[str], *, return_tensors: str | None = None, **_: Any) -> Any:
    size = chunk_size(tokenizer)
    begin = tokenizer.darkroom_chunk * size
    rows = [
        [tokenizer.bos_token_id, *split_tokens(tokenizer, text).ids[begin : begin + size], tokenizer.eos_token_id]
        for text in texts
    ]
    return tokenizer.pad(
        {"input_ids": rows}, padding="max_length", max_length=tokenizer.model_max_length, return_tensors=return_tensors
    )
