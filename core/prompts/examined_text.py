"""A text as the parts of the report see it: its words, what they name, and what is written in other programs' notations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from core.prompts.find_elements import Element, find_elements
from core.prompts.lexicon import Lexicon, get_lexicon
from core.prompts.prompt_report import SpanView
from core.prompts.syntax import NOT_WORDS, Notation, find_notations
from core.prompts.words import Word, split_words

#: Words after a negation that it may reach: "without any visible handles".
_MOST_NEGATED = 5


@dataclass(frozen=True)
class ExaminedText:
    """One field of a request."""

    field: str
    text: str

    @property
    def lexicon(self) -> Lexicon:
        return get_lexicon()

    @property
    def is_negative(self) -> bool:
        """Whether it names what is not to be seen."""
        return self.field.startswith("negative")

    @cached_property
    def notations(self) -> list[Notation]:
        return find_notations(self.text)

    @cached_property
    def words(self) -> list[Word]:
        return split_words(
            self.text, without=[(each.start, each.end) for each in self.notations if each.kind in NOT_WORDS]
        )

    @cached_property
    def keys(self) -> frozenset[str]:
        """The words as the lexicon writes them."""
        return frozenset(word.key for word in self.words)

    @cached_property
    def elements(self) -> list[Element]:
        if self.is_negative or not self.negations:
            return self._named
        negated = {word for first, last in self.negations for word in range(first, last)}
        return [replace(each, negated=True) if each.first in negated else each for each in self._named]

    @cached_property
    def negations(self) -> list[tuple[int, int]]:
        """Words from a negation to the end of what it names, as first and behind the last."""
        return list(self._list_negations())

    @cached_property
    def _named(self) -> list[Element]:
        return find_elements(self.words, self.lexicon)

    @cached_property
    def _objects(self) -> frozenset[int]:
        return frozenset(each.first for each in self._named if each.kind == "object")

    def goes_on(self, index: int) -> bool:
        """Whether the word `index` is there, and nothing separates it from the one before it."""
        return index < len(self.words) and self.words[index].follows

    def describes_object(self, index: int) -> bool:
        """Whether what ends before the word `index` stands directly before an object."""
        return index in self._objects and self.goes_on(index)

    def show(self, start: int, end: int) -> SpanView:
        """A place in code points."""
        return SpanView(field=self.field, text=self.text[start:end], start=start, end=end)

    def show_words(self, first: int, last: int) -> SpanView:
        """The place of the words `first` to before `last`."""
        return self.show(self.words[first].start, self.words[last - 1].end)

    def _list_negations(self) -> Iterator[tuple[int, int]]:
        index = 0
        while index < len(self.words):
            length = self._find_negation(index)
            end = index + length
            if length and (last := self._find_end(end)) > end:
                yield index, last
                index = last
            else:
                index += max(length, 1)

    def _find_negation(self, index: int) -> int:
        """The number of words of the negation that begins there; 0: there is none."""
        keys = [word.key for word in self.words[index : index + 2]]
        for length in range(len(keys), 0, -1):
            if tuple(keys[:length]) in self.lexicon.negations:
                return length
        return 0

    def _find_end(self, start: int) -> int:
        """Behind the last word that a negation before the word `start` reaches: what is named next, or the end of its phrase."""
        reach = start
        while reach < start + _MOST_NEGATED and self.goes_on(reach):
            key = self.words[reach].key
            if reach > start and key in self.lexicon.boundaries - self.lexicon.determiners:
                break
            reach += 1
        named = next((each for each in self._named if start <= each.first < reach and each.kind != "colour"), None)
        return reach if named is None else max(named.last, start)
