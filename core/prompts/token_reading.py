"""What a tokenizer reads of a prompt: from the places of its tokens, wherever these were computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from core.prompts.examined_text import ExaminedText
from core.prompts.prompt_report import BrokenWordView, TokensView

#: From so many tokens on a word is in scraps, if they have fewer letters than this on the average.
_MOST_PIECES = 3
_LETTERS_OF_A_PIECE = 3.5

_MOST_BROKEN_WORDS = 50


@dataclass(frozen=True)
class TokenReading:
    """What one tokenizer reads of one text."""

    #: Its name in the pipeline: `tokenizer`, `tokenizer_2`, `tokenizer_3`.
    tokenizer: str
    text: str
    #: Of the text's own tokens: how many there are, and how many are read.
    tokens: int
    read: int
    #: The most own tokens that would be read of any text; None: all.
    limit: int | None = field(compare=False)
    #: The number of chunks in which the encoder gets it, and the tokens of one; None: it is not read in chunks.
    chunks: int = 1
    chunk_tokens: int | None = None
    #: Where each of the tokens begins and ends in the text, in code points; empty: the tokenizer cannot say that.
    spans: tuple[tuple[int, int], ...] = ()


class OwnTokens(NamedTuple):
    """The tokens of a prompt inside a text that may be a template around it."""

    #: Where each of them begins and ends in the tokenized text.
    spans: list[tuple[int, int]]
    #: How many of them are read, and how many would be of any prompt; None: all.
    read: int
    limit: int | None


def find_own_tokens(spans: Sequence[tuple[int, int]], *, begin: int, end: int, limit: int | None) -> OwnTokens:
    """The tokens of the prompt that stands from `begin` to before `end` in the tokenized text, of which `limit` tokens are read."""
    own = [number for number, (first, last) in enumerate(spans) if first < last and first < end and last > begin]
    read = len(own) if limit is None else sum(number < limit for number in own)
    before = own[0] if own else 0
    return OwnTokens([spans[number] for number in own], read, None if limit is None else max(0, limit - before))


def show_reading(reading: TokenReading, text: ExaminedText) -> TokensView:
    """The reading as the report shows it."""
    cut_off = None
    if reading.read < len(reading.spans):
        start = min(reading.spans[reading.read][0], len(text.text))
        # The blank before the word is its token's in some tokenizers.
        start += len(text.text[start:]) - len(text.text[start:].lstrip())
        if start < len(text.text):
            cut_off = text.show(start, len(text.text.rstrip()))
    return TokensView(
        field=text.field,
        tokenizer=reading.tokenizer,
        tokens=reading.tokens,
        read=reading.read,
        limit=reading.limit,
        chunks=reading.chunks,
        chunk_tokens=reading.chunk_tokens,
        cut_off=cut_off,
        broken_words=list(_list_broken(reading, text)),
    )


def _list_broken(reading: TokenReading, text: ExaminedText) -> Iterator[BrokenWordView]:
    number, found, told = 0, 0, set[str]()
    for word in text.words:
        while number < len(reading.spans) and reading.spans[number][1] <= word.start:
            number += 1
        pieces = 0
        while number + pieces < len(reading.spans) and reading.spans[number + pieces][0] < word.end:
            pieces += 1
        letters = word.end - word.start
        if (
            pieces >= _MOST_PIECES
            and letters / pieces < _LETTERS_OF_A_PIECE
            and word.key not in told
            and word.key.isalpha()
        ):
            told.add(word.key)
            found += 1
            if found > _MOST_BROKEN_WORDS:
                return
            yield BrokenWordView(**text.show(word.start, word.end).model_dump(), pieces=pieces)
