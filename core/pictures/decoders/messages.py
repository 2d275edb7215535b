"""What a decoder and its parent say to each other, through one socket: a picture's text or file in, an image or a refusal out."""

from __future__ import annotations

import json
import socket
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

from core.pictures.decode_picture import DecodedPicture
from core.pictures.limits import NotAnImage
from core.pictures.picture_text import PictureText

#: Whether it is a file and not a text, and how many bytes it has.
_HEAD = struct.Struct("!?Q")
_LENGTHS = struct.Struct("!QQ")

#: Bytes of a file that are in memory at a time.
_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True)
class ReadPicture:
    """A picture that a request held as text."""

    image: DecodedPicture
    #: Of the picture's file, 64 hexadecimal digits.
    sha256: str


@dataclass(frozen=True)
class ReadFile:
    """A picture that lay in a file, and whose image was put into another one. Sides in pixels."""

    width: int
    height: int
    #: One sentence for each thing that was ignored.
    warnings: tuple[str, ...]


class SentPicture(NamedTuple):
    """A picture, as its decoder gets it."""

    content: bytearray
    #: Otherwise it is a text.
    is_file: bool


def send_text(connection: socket.socket, text: PictureText) -> None:
    """Send the picture as it stands in a request."""
    connection.sendall(_HEAD.pack(False, len(text)))
    for piece in text.pieces:
        connection.sendall(piece)


def send_file(connection: socket.socket, file: BinaryIO, byte_size: int) -> None:
    """Send the picture that a file holds, from its beginning, a piece at a time."""
    file.seek(0)
    connection.sendall(_HEAD.pack(True, byte_size))
    while piece := file.read(_PIECE_BYTES):
        connection.sendall(piece)


def receive_picture(connection: socket.socket) -> SentPicture | None:
    """What the other side sent, or None if it is gone."""
    head = _receive(connection, _HEAD.size)
    if head is None:
        return None
    is_file, length = _HEAD.unpack(head)
    content = _receive(connection, length)
    return None if content is None else SentPicture(content, is_file)


def send_answer(connection: socket.socket, answer: ReadPicture | NotAnImage) -> None:
    """Send what became of the picture."""
    if isinstance(answer, NotAnImage):
        head: dict[str, Any] = {"refusal": str(answer)}
        png = b""
    else:
        image, png = answer.image, answer.image.png
        head = {
            "width": image.width,
            "height": image.height,
            "warnings": image.warnings,
            "sha256": answer.sha256,
        }
    encoded = json.dumps(head).encode()
    connection.sendall(_LENGTHS.pack(len(encoded), len(png)))
    connection.sendall(encoded)
    connection.sendall(png)


def receive_answer(connection: socket.socket) -> ReadPicture:
    """What was read. Raises NotAnImage if the picture is refused, and ConnectionError if the other side is gone."""
    head, png_length = _receive_head(connection)
    png = _receive(connection, png_length)
    if png is None:
        raise ConnectionError("The decoder is gone")
    image = DecodedPicture(bytes(png), head["width"], head["height"], tuple(head["warnings"]))
    return ReadPicture(image, head["sha256"])


def receive_into(connection: socket.socket, file: BinaryIO) -> ReadFile:
    """What was read, its PNG appended to the file, a piece at a time. Raises as `receive_answer` does."""
    head, left = _receive_head(connection)
    while left:
        piece = connection.recv(min(left, _PIECE_BYTES))
        if not piece:
            raise ConnectionError("The decoder is gone")
        file.write(piece)
        left -= len(piece)
    return ReadFile(head["width"], head["height"], tuple(head["warnings"]))


def _receive_head(connection: socket.socket) -> tuple[dict[str, Any], int]:
    """What the decoder says of the picture, and how long the PNG is that follows."""
    lengths = _receive(connection, _LENGTHS.size)
    if lengths is None:
        raise ConnectionError("The decoder is gone")
    head_length, png_length = _LENGTHS.unpack(lengths)
    encoded = _receive(connection, head_length)
    if encoded is None:
        raise ConnectionError("The decoder is gone")
    head: dict[str, Any] = json.loads(encoded)
    if "refusal" in head:
        raise NotAnImage(head["refusal"])
    return head, png_length


def _receive(connection: socket.socket, length: int) -> bytearray | None:
    received = bytearray(length)
    view = memoryview(received)
    while view:
        count = connection.recv_into(view)
        if count == 0:
            return None
        view = view[count:]
    return received
