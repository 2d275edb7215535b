"""What a decoder and its parent say to each other, through one socket: a picture's text in, an image or a refusal out."""

from __future__ import annotations

import json
import socket
import struct
from dataclasses import dataclass
from typing import Any

from core.pictures.decode_picture import DecodedPicture
from core.pictures.limits import NotAnImage
from core.pictures.picture_text import PictureText

_LENGTH = struct.Struct("!Q")
_LENGTHS = struct.Struct("!QQ")


@dataclass(frozen=True)
class ReadPicture:
    """A picture that a request held as text."""

    image: DecodedPicture
    #: Of the picture's file, 64 hexadecimal digits.
    sha256: str


def send_text(connection: socket.socket, text: PictureText) -> None:
    """Send the picture as it stands in a request."""
    connection.sendall(_LENGTH.pack(len(text)))
    for piece in text.pieces:
        connection.sendall(piece)


def receive_text(connection: socket.socket) -> bytearray | None:
    """The picture as it stands in a request, or None if the other side is gone."""
    head = _receive(connection, _LENGTH.size)
    return None if head is None else _receive(connection, _LENGTH.unpack(head)[0])


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
    lengths = _receive(connection, _LENGTHS.size)
    if lengths is None:
        raise ConnectionError("The decoder is gone")
    head_length, png_length = _LENGTHS.unpack(lengths)
    encoded, png = _receive(connection, head_length), _receive(connection, png_length)
    if encoded is None or png is None:
        raise ConnectionError("The decoder is gone")
    head = json.loads(encoded)
    if "refusal" in head:
        raise NotAnImage(head["refusal"])
    image = DecodedPicture(bytes(png), head["width"], head["height"], tuple(head["warnings"]))
    return ReadPicture(image, head["sha256"])


def _receive(connection: socket.socket, length: int) -> bytearray | None:
    received = bytearray(length)
    view = memoryview(received)
    while view:
        count = connection.recv_into(view)
        if count == 0:
            return None
        view = view[count:]
    return received
