"""What a decoder and its parent say to each other, through one socket: a picture in, an image or a refusal out."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

from core.pictures.decode_picture import DecodedPicture
from core.pictures.limits import NotAnImage

_LENGTH = struct.Struct("!Q")
_LENGTHS = struct.Struct("!QQ")


def send_picture(connection: socket.socket, body: bytes) -> None:
    """Send the picture's file."""
    connection.sendall(_LENGTH.pack(len(body)))
    connection.sendall(body)


def receive_picture(connection: socket.socket) -> bytearray | None:
    """The picture's file, or None if the other side is gone."""
    head = _receive(connection, _LENGTH.size)
    return None if head is None else _receive(connection, _LENGTH.unpack(head)[0])


def send_answer(connection: socket.socket, answer: DecodedPicture | NotAnImage) -> None:
    """Send what became of the picture."""
    if isinstance(answer, NotAnImage):
        head: dict[str, Any] = {"refusal": str(answer)}
        png = b""
    else:
        head = {"width": answer.width, "height": answer.height, "warnings": answer.warnings}
        png = answer.png
    encoded = json.dumps(head).encode()
    connection.sendall(_LENGTHS.pack(len(encoded), len(png)))
    connection.sendall(encoded)
    connection.sendall(png)


def receive_answer(connection: socket.socket) -> DecodedPicture:
    """The image. Raises NotAnImage if the picture is refused, and ConnectionError if the other side is gone."""
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
    return DecodedPicture(bytes(png), head["width"], head["height"], tuple(head["warnings"]))


def _receive(connection: socket.socket, length: int) -> bytearray | None:
    received = bytearray(length)
    view = memoryview(received)
    while view:
        count = connection.recv_into(view)
        if count == 0:
            return None
        view = view[count:]
    return received
