"""A picture that lies in a file, decoded into another file: neither is ever whole in memory."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO
from uuid import UUID

from core.pictures.decoders.decode_outside import get_decoders

MEDIA_TYPE = "image/png"


@dataclass(frozen=True)
class SentFile:
    """A picture as somebody sent it, in a temporary file of this process."""

    file: BinaryIO = field(repr=False)
    byte_size: int
    #: Of its bytes, 64 hexadecimal digits.
    sha256: str


@dataclass(frozen=True)
class DecodedFile:
    """What a picture shows, as a PNG of our own in a temporary file. Sides in pixels, upright."""

    png: BinaryIO = field(repr=False)
    byte_size: int
    #: Of the PNG, 64 hexadecimal digits.
    sha256: str
    width: int
    height: int
    #: One sentence for each thing in the picture that was ignored.
    warnings: tuple[str, ...]


@contextmanager
def decoded_file(sent: SentFile, *, account_id: UUID) -> Iterator[DecodedFile]:
    """The picture that the account sent, for the time of the block. Raises NotAnImage, and PicturesBusy if too many are
    decoded at the moment.
    """
    with tempfile.TemporaryFile() as png:
        read = get_decoders().read_file(sent.file, sent.byte_size, into=png, account_id=account_id)
        byte_size = png.tell()
        png.seek(0)
        digest = hashlib.file_digest(png, "sha256").hexdigest()
        yield DecodedFile(png, byte_size, digest, read.width, read.height, read.warnings)
