"""What a prompt says, and how a model reads it."""

from __future__ import annotations

from darkroom.views.view import View


class Span(View):
    """A place in a text: `text` is what stands from `start` to before `end`, counted in Unicode code points from 0."""

    #: The field of the request.
    field: str
    text: str
    #: In Unicode code points of the text as it was sent (not bytes, not UTF-16 units).
    start: int
    #: The first code point behind it.
    end: int


class BrokenWord(View):
    """A word that the tokenizer does not know, and reads in scraps."""

    #: The field of the request.
    field: str
    text: str
    #: In Unicode code points of the text as it was sent (not bytes, not UTF-16 units).
    start: int
    #: The first code point behind it.
    end: int
    #: How many tokens it takes.
    pieces: int


class TokenCount(View):
    """How one text encoder reads one text. Its own tokens: markers and templates are not counted."""

    field: str
    tokenizer: str
    #: How many the text has.
    tokens: int
    #: How many of them are read.
    read: int
    #: The most that are read of any text; null: all, in as many chunks as needed.
    limit: int | None = None
    #: In how many pieces the encoder gets the text.
    chunks: int
    #: Tokens of one chunk; null: this model does not read in chunks.
    chunk_tokens: int | None = None
    #: What is not read, and has no effect on this encoder; null: all is read, or the tokenizer cannot say where it
    #: ends.
    cut_off: Span | None = None
    broken_words: list[BrokenWord]


class Element(View):
    """Something that the text names."""

    #: The field of the request.
    field: str
    text: str
    #: In Unicode code points of the text as it was sent (not bytes, not UTF-16 units).
    start: int
    #: The first code point behind it.
    end: int
    kind: str
    #: The same for all names and forms of one thing: `mug` for `mugs`, `grey` for `gray`.
    name: str
    #: The text says that it is not to be there.
    negated: bool


class Notation(View):
    """A notation of another program: a weight, a LoRA tag, `BREAK`, …"""

    #: The field of the request.
    field: str
    text: str
    #: In Unicode code points of the text as it was sent (not bytes, not UTF-16 units).
    start: int
    #: The first code point behind it.
    end: int
    kind: str
    #: The words inside that describe the picture.
    words: Span | None = None
    weight: float | None = None
    #: Of the LoRA or the embedding.
    name: str | None = None


class Contradiction(View):
    """What cannot be true at once, or is asked for and excluded."""

    code: str
    message: str
    spans: list[Span]


class Advice(View):
    """What would make the text work better with this model."""

    code: str
    message: str
    spans: list[Span]


class PromptReport(View):
    """What a prompt says, how much of it the model reads, and what could be better."""

    #: For each text and text encoder; null: `tokens_missing` says why.
    tokens: list[TokenCount] | None = None
    tokens_missing: str | None = None
    #: What the texts name, in their order and without overlaps; the first 300 of each text.
    elements: list[Element]
    notations: list[Notation]
    contradictions: list[Contradiction]
    advice: list[Advice]


class CheckedPrompt(PromptReport):
    """The report, and the model that it is for."""

    model: str
