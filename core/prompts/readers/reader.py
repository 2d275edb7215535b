"""How a model reads a text with one of its tokenizers: what a worker has seen its pipeline do, in a form that can be stored."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Reader(BaseModel):
    """One tokenizer, and what the pipeline does around it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Its name in the pipeline: `tokenizer`, `tokenizer_2`, `tokenizer_3`.
    tokenizer: str
    #: Names the object that holds the tokenizer; None: it is of a kind that only transformers can read.
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None
    #: The template around the prompt.
    before: str
    after: str
    #: Whether the pipeline brings a text into lower case first.
    lowers: bool
    #: Tokens, the template's among them, that are read of a text; None: all.
    limit: int | None
    #: Tokens of one chunk; None: a text is not divided.
    chunk_tokens: int | None


class ModelReaders(BaseModel):
    """All readers of a model's revision, in the order of their names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    readers: tuple[Reader, ...]
