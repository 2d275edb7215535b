"""Build the report of a request's prompts, from its texts and from what the tokenizers read of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.prompts.advice import give_advice
from core.prompts.contradictions import find_contradictions
from core.prompts.examined_text import ExaminedText
from core.prompts.prompt_report import ElementView, NotationView, PromptReport
from core.prompts.token_reading import TokenReading, show_reading

_MOST_ELEMENTS = 300
_MOST_NOTATIONS = 100


def list_texts(request: Mapping[str, Any]) -> dict[str, str]:
    """The texts of a request that describe a picture, by their fields."""
    return {name: text for name, text in request.items() if "prompt" in name and isinstance(text, str) and text.strip()}


def build_report(
    texts: Mapping[str, str],
    readings: Sequence[TokenReading] | None,
    *,
    tokens_missing: str | None = None,
    takes_negative_prompt: bool | None = None,
) -> PromptReport:
    """The report of the texts, by their fields. `readings`: None if no tokenizer is known, and `tokens_missing` says why."""
    examined = [ExaminedText(field, text) for field, text in texts.items()]
    tokens = None
    if readings is not None:
        # Two fields with the same text are read alike.
        pairs = [(reading, text) for text in examined for reading in readings if reading.text == text.text]
        tokens = [show_reading(reading, text) for reading, text in dict.fromkeys(pairs)]
    contradictions = find_contradictions(examined)
    return PromptReport(
        tokens=tokens,
        tokens_missing=tokens_missing,
        elements=[element for text in examined for element in _show_elements(text)],
        notations=[notation for text in examined for notation in _show_notations(text)],
        contradictions=contradictions,
        advice=give_advice(examined, tokens or [], contradictions, takes_negative_prompt=takes_negative_prompt),
    )


def _show_elements(text: ExaminedText) -> Iterator[ElementView]:
    for each in text.elements[:_MOST_ELEMENTS]:
        start, end = text.words[each.first].start, text.words[each.last - 1].end
        yield ElementView(
            field=text.field,
            text=text.text[start:end],
            start=start,
            end=end,
            kind=each.kind,
            name=each.name,
            negated=each.negated,
        )


def _show_notations(text: ExaminedText) -> list[NotationView]:
    return [
        NotationView(
            **text.show(each.start, each.end).model_dump(),
            kind=each.kind,
            words=None if each.words is None else text.show(*each.words),
            weight=each.weight,
            name=each.name,
        )
        for each in text.notations[:_MOST_NOTATIONS]
    ]
