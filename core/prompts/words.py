"""The words of a prompt, with their places in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+|&")

#: What may stand between two words of one name: "mid-century", "long_hair", "bird's-eye".
_INSIDE_A_NAME = re.compile(r"[\s\-‐‑–_'’]*")


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it stands in the text, from code point `start` to before `end`."""

    start: int
    end: int
    #: As the lexicon writes it: in lower case, "and" for "&".
    key: str
    #: Whether only blanks, hyphens or apostrophes stand between it and the word before it.
    follows: bool


def split_words(text: str, *, without: Sequence[tuple[int, int]] = ()) -> list[Word]:
    """Returns the words of the text in their order, but for those that touch one of the spans `without`."""
    words: list[Word] = []
    end = 0
    for found in _WORD.finditer(text):
        start = found.start()
        if without and any(start < last and found.end() > first for first, last in without):
            continue
        key = "and" if found[0] == "&" else found[0].casefold()
        between = text[end:start]
        follows = bool(words) and (between == " " or _INSIDE_A_NAME.fullmatch(between) is not None)
        words.append(Word(start, found.end(), key, follows))
        end = found.end()
    return words
