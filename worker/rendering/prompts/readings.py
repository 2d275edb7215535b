"""From the recorded calls of the tokenizers to what they read of each prompt."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.prompts.token_reading import find_own_tokens
from worker.rendering.prompts.tokens import Reading, TokenizerRecording, chunk_size, split_tokens


@dataclass(frozen=True)
class _PromptSpan:
    """Where a prompt is in the text that a tokenizer was given: the text may be a template around it."""

    prompt: str
    text: str
    begin: int
    end: int

    def place(self, spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        """Where these places of the text are in the prompt; none if the prompt was cleaned up so that nobody can say that."""
        length = self.end - self.begin
        written = self.prompt if len(self.prompt) == length else self.prompt.strip()
        if len(written) != length:
            return ()
        shift = self.prompt.find(written) - self.begin
        return tuple((max(first + shift, 0), min(last + shift, len(self.prompt))) for first, last in spans)

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
        tokenizer = getattr(pipeline, name)
        tokenizer = getattr(tokenizer, "tokenizer", tokenizer)
        span = _find_prompt(text, _spell_out(pipeline, tokenizer, prompts))
        if span is not None:
            readings.append(_read(tokenizer, name, span, limit=limit, chunks=chunks))
    return tuple(readings)


def _list_texts(arguments: Mapping[str, Any]) -> Iterator[str]:
    for name, value in arguments.items():
        if "prompt" in name:
            for text in [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []:
                if isinstance(text, str) and text.strip():
                    yield text


def _spell_out(pipeline: Any, tokenizer: Any, prompts: list[str]) -> dict[str, str]:
    """Each prompt as the tokenizer is given it: with every vector of a textual inversion as a word of its own."""
    convert = getattr(pipeline, "maybe_convert_prompt", None)
    return {prompt: prompt if convert is None else convert(prompt, tokenizer) for prompt in prompts}


def _find_prompt(text: str, written: Mapping[str, str]) -> _PromptSpan | None:
    """`written`: how each prompt is given to the tokenizer."""
    found = [span for prompt, own in written.items() if (span := _locate(prompt, own, text)) is not None]
    if found:
        # A short prompt may also occur in the template around another one, but hardly at its end.
        return max(found, key=lambda span: (span.end == len(text), span.end - span.begin))
    # Some pipelines clean a prompt up: then the text that they read stands for the only prompt, or for the most similar one.
    if not text.strip():
        return None
    prompts = list(written)
    closest = prompts if len(prompts) == 1 else difflib.get_close_matches(text, prompts, n=1)
    return _PromptSpan(closest[0], text, 0, len(text)) if closest else None


def _locate(prompt: str, written: str, text: str) -> _PromptSpan | None:
    for needle, hay in ((written, text), (written.strip().lower(), text.lower())):
        begin = hay.rfind(needle)
        if begin >= 0:
            return _PromptSpan(prompt, text, begin, begin + len(needle))
    return None


def _read(tokenizer: Any, name: str, span: _PromptSpan, *, limit: int | None, chunks: int | None) -> Reading:
    """The prompt's tokens, and the part of the prompt beyond the limit."""
    pieces = split_tokens(tokenizer, span.text)
    limit = None if chunks else limit
    own = find_own_tokens(pieces.spans, begin=span.begin, end=span.end, limit=limit)
    tokens, read = len(own.spans), own.read
    if pieces.spans:
        cut_off = span.show_from(own.spans[read][0]) if read < tokens else ""
    else:
        tokens = len(pieces.ids)
        read = tokens if limit is None else min(limit, tokens)
        cut_off = tokenizer.decode(pieces.ids[read:])
    return Reading(
        tokenizer=name,
        text=span.prompt,
        tokens=tokens,
        read=read,
        limit=own.limit if pieces.spans else limit,
        chunks=chunks or 1,
        chunk_tokens=chunk_size(tokenizer) if chunks else None,
        spans=span.place(own.spans),
        cut_off=cut_off,
        before=span.text[: span.begin],
        after=span.text[span.end :],
        text_limit=limit,
    )
