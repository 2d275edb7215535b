"""Report to the client what the model read of the prompts: nothing is cut off silently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from worker.rendering.prompts.cache import EncodedPrompt
from worker.rendering.prompts.tokens import Reading

#: The most characters of a cut-off text that a warning shows.
_MOST_CHARACTERS = 500


@dataclass
class JobPrompts:
    """What the tokenizers read for one job, collected while it renders."""

    readings: list[Reading] = field(default_factory=list)
    #: The most tokens that the denoiser was given of a prompt, with markers, template and padding; 0: not known.
    most_tokens: int = 0

    def add(self, encoded: EncodedPrompt) -> Any:
        """Add the readings of an encoding, and return its output."""
        self.readings += encoded.readings
        self.most_tokens = max(self.most_tokens, *_list_lengths(encoded.output), 0)
        return encoded.output

    def describe(self, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        """JSON-ready, for each prompt field of the request and each tokenizer that read it: how many tokens the text
        has, how many of them were read, and in how many chunks.
        """
        return [
            {
                "field": name,
                "tokenizer": reading.tokenizer,
                "tokens": reading.tokens,
                "read": reading.read,
                "chunks": reading.chunks,
            }
            for name, reading in self._by_field(request)
        ]

    def warn(self, request: Mapping[str, Any]) -> list[str]:
        """A warning for each text that was not read to its end; it shows the part that had no effect."""
        by_field = self._by_field(request)
        warnings = []
        for name, reading in by_field:
            if reading.read == reading.tokens:
                continue
            others = [other.tokenizer for field, other in by_field if field == name and other.read == other.tokens]
            reader = f"the model's {reading.tokenizer}" if len(by_field) > 1 else "the model"
            rest = f" ({' and '.join(others)} read all of it)" if others else ""
            warnings.append(
                f"{name} has {reading.tokens} tokens, of which {reader} read the first {reading.read}{rest}; "
                f"cut off: {_shorten(reading.cut_off)}"
            )
        return warnings

    def _by_field(self, request: Mapping[str, Any]) -> list[tuple[str, Reading]]:
        """Each reading with the field whose text was read; equal readings count once."""
        fields = {name: text for name, text in request.items() if "prompt" in name and isinstance(text, str)}
        found = [(name, reading) for name, text in fields.items() for reading in self.readings if reading.text == text]
        return list(dict.fromkeys(found))


def _list_lengths(output: Any) -> Iterator[int]:
    """The lengths of the embeddings [rows, tokens, width], or [tokens, width] of each row in a list."""
    if isinstance(output, Tensor):
        yield output.shape[-2] if output.ndim == 3 else 0  # noqa: PLR2004
    elif isinstance(output, list | tuple):
        for part in output:
            is_row = isinstance(output, list) and isinstance(part, Tensor)
            yield from [part.shape[0]] if is_row else _list_lengths(part)


def _shorten(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
