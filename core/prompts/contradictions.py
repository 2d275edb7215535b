"""What in a prompt contradicts itself. Two things of different colours do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.prompts.examined_text import ExaminedText
from core.prompts.lexicon import Opposites, list_joined
from core.prompts.prompt_report import ContradictionView, SpanView

#: Words that say nothing of what they stand before.
_ARTICLES = frozenset({"a", "an", "the", "any", "some"})


def find_contradictions(texts: Sequence[ExaminedText]) -> list[ContradictionView]:
    """Returns what cannot be true at once within the texts that say what is to be seen, and between them and the negative ones."""
    positive = [text for text in texts if not text.is_negative]
    negative = [text for text in texts if text.is_negative]
    return [
        *(found for text in positive for found in _find_negations(text)),
        *(found for text in positive for rule in text.lexicon.opposites for found in _find_opposites(text, rule)),
        *_find_in_both(positive, negative),
    ]


def _find_negations(text: ExaminedText) -> Iterator[ContradictionView]:
    for first, last in text.negations:
        span = text.show_words(first, last)
        yield ContradictionView(
            code="negation",
            message=f"“{span.text}” names what is not to be seen, and a text encoder reads the name: it may well be drawn.",
            spans=[span],
        )


def _find_opposites(text: ExaminedText, rule: Opposites) -> Iterator[ContradictionView]:
    if text.keys.isdisjoint(rule.longest):
        return
    found = [
        (start, end, side)
        for start, end, side in _list_sides(text, rule)
        if not any(first <= start < last for first, last in text.negations)
    ]
    for number, (first, last, side) in enumerate(found):
        for begin, end, other in found[number + 1 :]:
            if other == side or (rule.scope == "phrase" and not _in_one_phrase(text, last, begin)):
                continue
            one, two = text.show_words(first, last), text.show_words(begin, end)
            yield ContradictionView(
                code="opposites", message=f"“{one.text}” and “{two.text}” exclude each other.", spans=[one, two]
            )
            if rule.scope == "prompt":
                return
            break


def _list_sides(text: ExaminedText, rule: Opposites) -> Iterator[tuple[int, int, int]]:
    """First word, behind the last word, and side of each name of the rule."""
    index = 0
    while index < len(text.words):
        most = rule.longest.get(text.words[index].key, 0)
        if most == 0:
            index += 1
            continue
        keys = list_joined(text.words, index, most)
        length = next((length for length in range(len(keys), 0, -1) if keys[:length] in rule.sides), 0)
        # "A black and white cat" says nothing of the whole picture.
        if length and (rule.scope == "phrase" or not text.describes_object(index + length)):
            yield index, index + length, rule.sides[keys[:length]]
        index += max(length, 1)


def _in_one_phrase(text: ExaminedText, start: int, end: int) -> bool:
    """Whether the words from `start` up to and with the word `end` go on without a comma or a word that begins something else."""
    return all(
        word.follows and (word.key not in text.lexicon.boundaries or index == end)
        for index, word in enumerate(text.words[start : end + 1], start)
    ) and not any(each.kind == "object" and start <= each.first < end for each in text.elements)


def _find_in_both(positive: Sequence[ExaminedText], negative: Sequence[ExaminedText]) -> Iterator[ContradictionView]:
    excluded = {key: span for text in negative for key, span in _list_excluded(text)}
    told: set[tuple[str, str]] = set()
    for text in positive:
        for element in text.elements:
            key = (element.kind, element.name)
            if key in excluded and key not in told and not element.negated:
                told.add(key)
                span = text.show_words(element.first, element.last)
                yield ContradictionView(
                    code="in_both_prompts",
                    message=f"“{span.text}” is asked for in {span.field} and excluded in {excluded[key].field}.",
                    spans=[span, excluded[key]],
                )


def _list_excluded(text: ExaminedText) -> Iterator[tuple[tuple[str, str], SpanView]]:
    """What the text excludes as such: "hands" does, and "deformed hands" does not exclude hands."""
    for element in text.elements:
        first = element.first
        while first > 0 and text.words[first].follows and text.words[first - 1].key in _ARTICLES:
            first -= 1
        if (first == 0 or not text.words[first].follows) and not text.goes_on(element.last):
            yield (element.kind, element.name), text.show_words(element.first, element.last)
