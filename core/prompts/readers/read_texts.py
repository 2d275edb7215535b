"""Read texts as a model's text encoders would, with its stored tokenizers and without the model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tokenizers import Tokenizer

from core.prompts.readers.known_readers import KnownReaders
from core.prompts.readers.reader import ModelReaders, Reader
from core.prompts.token_reading import TokenReading, find_own_tokens


def read_texts(texts: Iterable[str], model: ModelReaders, known: KnownReaders) -> list[TokenReading]:
    """What each reader of the model reads of each text. A reader whose tokenizer cannot be read is left out."""
    tokenizers = [
        (reader, tokenizer)
        for reader in model.readers
        if reader.sha256 is not None and (tokenizer := known.get_tokenizer(reader.sha256)) is not None
    ]
    readings = [_read(text, reader, tokenizer) for text in dict.fromkeys(texts) for reader, tokenizer in tokenizers]
    # Texts that belong together get the same number of chunks: as many as the longest needs, in any of the encoders.
    chunks = max((reading.chunks for reading in readings), default=1)
    return [_with_chunks(reading, chunks) for reading in readings]


def _read(text: str, reader: Reader, tokenizer: Tokenizer) -> TokenReading:
    written = text.lower() if reader.lowers and len(text.lower()) == len(text) else text
    encoded = tokenizer.encode(f"{reader.before}{written}{reader.after}", add_special_tokens=False)
    begin = len(reader.before)
    own = find_own_tokens(
        encoded.offsets,
        begin=begin,
        end=begin + len(text),
        limit=None if reader.chunk_tokens else reader.limit,
    )
    return TokenReading(
        tokenizer=reader.tokenizer,
        text=text,
        tokens=len(own.spans),
        read=own.read,
        limit=own.limit,
        chunks=-(-len(own.spans) // reader.chunk_tokens) or 1 if reader.chunk_tokens else 1,
        chunk_tokens=reader.chunk_tokens,
        spans=tuple((max(0, first - begin), min(len(text), last - begin)) for first, last in own.spans),
    )


def _with_chunks(reading: TokenReading, chunks: int) -> TokenReading:
    return reading if reading.chunk_tokens is None else replace(reading, chunks=chunks)
