"""Texts in a PNG file, beside its pixels: put one in, and find one. Pure functions, which look at no pixel."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"

#: Bytes of a chunk beside its body, and of what comes before all others: the signature, and IHDR.
_FRAME = 12
_AFTER_HEADER = 33


def put_text(png: bytes, keyword: str, text: str) -> bytes:
    """The PNG with the text in it; another file as it is."""
    if not png.startswith(_SIGNATURE):
        return png
    try:
        kind, body = b"tEXt", keyword.encode("ascii") + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        kind, body = b"iTXt", keyword.encode("ascii") + b"\0\0\0\0\0" + text.encode()
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return png[:_AFTER_HEADER] + chunk + png[_AFTER_HEADER:]


def find_text(png: bytes, keyword: str) -> str | None:
    """The first text of the keyword in a PNG; None: there is none. What is compressed is not looked at."""
    for kind, body in _list_chunks(png):
        found, _, rest = body.partition(b"\0")
        if kind == b"tEXt" and found == keyword.encode():
            return rest.decode("latin-1")
        if kind == b"iTXt" and found == keyword.encode() and rest[:2] == b"\0\0":
            # Behind two bytes on compression come a language and a translated keyword.
            return rest[2:].split(b"\0", 2)[-1].decode("utf-8", "replace")
    return None


def _list_chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while png.startswith(_SIGNATURE) and at + _FRAME <= len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + _FRAME
