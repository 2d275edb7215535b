"""The shape of a prompt report, as `POST /v1/prompts/check` returns it and a job shows it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from core.prompts.lexicon import Kind
from core.prompts.syntax import SyntaxKind

ContradictionCode = Literal["negation", "opposites", "in_both_prompts"]
AdviceCode = Literal[
    "cut_off",
    "use_negative_prompt",
    "no_negative_prompt",
    "weights_not_read",
    "break_not_read",
    "lora_tag_not_read",
    "embedding_not_read",
    "schedule_not_read",
    "parameter_not_read",
    "praise",
    "broken_words",
    "nothing_recognised",
    "no_object",
    "no_style",
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SpanView(_Part):
    """A place in a text: `text` is what stands from `start` to before `end`, counted in Unicode code points from 0."""

    field: str = Field(description="The field of the request.", examples=["prompt"])
    text: str = Field(examples=["red mugs"])
    start: int = Field(
        ge=0, description="In Unicode code points of the text as it was sent (not bytes, not UTF-16 units)."
    )
    end: int = Field(ge=0, description="The first code point behind it.")


class ElementView(SpanView):
    """Something that the text names."""

    kind: Kind
    name: str = Field(
        description="The same for all names and forms of one thing: `mug` for `mugs`, `grey` for `gray`.",
        examples=["mug"],
    )
    negated: bool = Field(description="The text says that it is not to be there.")


class NotationView(SpanView):
    """A notation of another program: a weight, a LoRA tag, `BREAK`, …"""

    kind: SyntaxKind
    words: SpanView | None = Field(description="The words inside that describe the picture.")
    weight: float | None
    name: str | None = Field(description="Of the LoRA or the embedding.")


class BrokenWordView(SpanView):
    """A word that the tokenizer does not know, and reads in scraps."""

    pieces: int = Field(description="How many tokens it takes.")


class TokensView(_Part):
    """How one text encoder reads one text. Its own tokens: markers and templates are not counted."""

    field: str = Field(examples=["prompt"])
    tokenizer: str = Field(examples=["tokenizer"])
    tokens: int = Field(description="How many the text has.")
    read: int = Field(description="How many of them are read.")
    limit: int | None = Field(description="The most that are read of any text; null: all, in as many chunks as needed.")
    chunks: int = Field(description="In how many pieces the encoder gets the text.")
    chunk_tokens: int | None = Field(description="Tokens of one chunk; null: this model does not read in chunks.")
    cut_off: SpanView | None = Field(
        description="What is not read, and has no effect on this encoder; null: all is read, or the tokenizer cannot say where it ends."
    )
    broken_words: list[BrokenWordView]


class ContradictionView(_Part):
    """What cannot be true at once, or is asked for and excluded."""

    code: ContradictionCode
    message: str
    spans: list[SpanView]


class AdviceView(_Part):
    """What would make the text work better with this model."""

    code: AdviceCode
    message: str
    spans: list[SpanView]


class PromptReport(_Part):
    """What a prompt says, how much of it the model reads, and what could be better."""

    tokens: list[TokensView] | None = Field(
        description="For each text and text encoder; null: `tokens_missing` says why."
    )
    tokens_missing: str | None
    elements: list[ElementView] = Field(
        description="What the texts name, in their order and without overlaps; the first 300 of each text."
    )
    notations: list[NotationView]
    contradictions: list[ContradictionView]
    advice: list[AdviceView]
