"""From the recorded calls of the tokenizers to what they read of each prompt."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from worker.rendering.prompts.tokens import Reading, TokenizerRecording, split_tokens


@dataclass(frozen=True)
class _PromptSpan:
    """Where a prompt is in the text that a tokenizer was given: the text may be a template around it."""

    prompt: str
    text: str
    begin: int
    end: int

    def show_from(self, index: int) -> str:
        """The prompt from an index of the text on, as its sender wrote it: the text may be in lower case."""
        written = self.prompt if len(self.prompt) == self.end - self.begin else self.prompt.strip()
        if len(written) != self.end - self.begin:
            written = self.text[self.begin : self.end]
        return written[max(0, index - self.begin) :].strip()


def list_readings(
    pipeline: Any, recording: TokenizerRecording, arguments: Mapping[str, Any], *, chunks: int | None = None
) -> tuple[Reading, ...]:
    """One for each tokenizer and prompt. With `chunks`, the prompts were read as a whole, in that many chunks."""
    prompts = list(_list_texts(arguments))
    readings = []
    for (name, text), limit in recording.limits.items():
        span = _find_prompt(text, prompts)
        if span is not None:
            tokenizer = getattr(pipeline, name)
            tokenizer = getattr(tokenizer, "tokenizer", tokenizer)
            tokens, cut_off = _count(tokenizer, span, None if chunks else limit)
            readings.append(Reading(name, span.prompt, tokens.total, tokens.read, cut_off, chunks or 1))
    return tuple(readings)


@dataclass(frozen=True)
class _Tokens:
    total: int
    read: int


def _list_texts(arguments: Mapping[str, Any]) -> Iterator[str]:
    for name, value in arguments.items():
        if "prompt" in name:
            for text in [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []:
                if isinstance(text, str) and text.strip():
                    yield text


def _find_prompt(text: str, prompts: list[str]) -> _PromptSpan | None:
    found = [span for prompt in prompts if (span := _locate(prompt, text)) is not None]
    if found:
        # A short prompt may also occur in the template around another one, but hardly at its end.
        return max(found, key=lambda span: (span.end == len(text), span.end - span.begin))
    # Some pipelines clean a prompt up: then the text that they read stands for the only prompt, or for the most similar one.
    if not text.strip():
        return None
    closest = prompts if len(prompts) == 1 else difflib.get_close_matches(text, prompts, n=1)
    return _PromptSpan(closest[0], text, 0, len(text)) if closest else None


def _locate(prompt: str, text: str) -> _PromptSpan | None:
    for needle, hay in ((prompt, text), (prompt.strip().lower(), text.lower())):
        begin = hay.rfind(needle)
        if begin >= 0:
            return _PromptSpan(prompt, text, begin, begin + len(needle))
    return None


def _count(tokenizer: Any, span: _PromptSpan, limit: int | None) -> tuple[_Tokens, str]:
    """The prompt's tokens, and the part of the prompt beyond the limit."""
    pieces = split_tokens(tokenizer, span.text)
    end = len(pieces.ids) if limit is None else limit
    if not pieces.spans:
        read = min(end, len(pieces.ids))
        return _Tokens(len(pieces.ids), read), tokenizer.decode(pieces.ids[read:])
    own = [
        number
        for number, (first, last) in enumerate(pieces.spans)
        if first < last and first < span.end and last > span.begin
    ]
    unread = [number for number in own if number >= end]
    cut_off = span.show_from(pieces.spans[unread[0]][0]) if unread else ""
    return _Tokens(len(own), len(own) - len(unread)), cut_off
