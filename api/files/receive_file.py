"""Receive a file: from the connection into a temporary file, a piece at a time, and never whole in memory."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from flask import request
from werkzeug.exceptions import BadRequest, ClientDisconnected, RequestEntityTooLarge, UnsupportedMediaType

from api.files.multipart import read_part
from api.large_bodies import admit_large_body
from api.unread_body import note_whole_body
from core.artifacts.decoded_file import SentFile
from core.errors import PicturesBusy

_PIECE_BYTES = 256 * 1024

#: Bytes that stand around the file in a multipart body.
_AROUND_BYTES = 64 * 1024

_MULTIPART = "multipart/form-data"
_UNNAMED = "application/octet-stream"


@contextmanager
def received_file(most_bytes: int) -> Iterator[SentFile]:
    """The file of the current request, for the time of the block: the part `file`, or the body itself. What it is, its bytes
    decide.

    Raises 413 for one of more than `most_bytes`, before a byte is read if the request says its length, 415 for another
    media type, 400 for a body that is malformed or cut short, InvalidRequest for other parts, and PicturesBusy if too many
    are received at the moment, or the disk is full.
    """
    is_multipart = request.mimetype == _MULTIPART
    if not is_multipart and request.mimetype != _UNNAMED and not request.mimetype.startswith("image/"):
        raise UnsupportedMediaType(f"Send {_MULTIPART} with the part `file`, an image/* body, or application/json.")
    if request.content_encoding:
        raise UnsupportedMediaType("Send the body without a Content-Encoding.")
    request.max_content_length = most_bytes + (_AROUND_BYTES if is_multipart else 0)
    if (request.content_length or 0) > request.max_content_length:
        raise _too_long(most_bytes)
    admit_large_body(request.content_length)
    with tempfile.TemporaryFile() as file:
        pieces = _read_body()
        yield _spool(read_part(pieces, request.mimetype_params, "file") if is_multipart else pieces, file, most_bytes)


def _spool(pieces: Iterator[bytes], file: BinaryIO, most_bytes: int) -> SentFile:
    digest, length = hashlib.sha256(), 0
    for piece in pieces:
        length += len(piece)
        if length > most_bytes:
            raise _too_long(most_bytes)
        digest.update(piece)
        try:
            file.write(piece)
        except OSError as error:
            raise PicturesBusy from error
    note_whole_body()
    return SentFile(file, length, digest.hexdigest())


def _read_body() -> Iterator[bytes]:
    stream = cast("io.RawIOBase", request.stream)
    buffer = memoryview(bytearray(_PIECE_BYTES))
    try:
        while count := stream.readinto(buffer):
            yield bytes(buffer[:count])
    except ClientDisconnected as error:
        # What the server's reader raised is its context.
        raise BadRequest(f"The body could not be read: {error.__context__ or 'it is cut short'}.") from error


def _too_long(most_bytes: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"The file is longer than the {most_bytes:,} bytes that are taken.")
