"""Take a TIFF file's first directory apart, so that only the tags that its pixels need reach a decoder."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import ceil

from core.pictures.limits import MAX_IMAGE_PIXELS, MAX_PROFILE_BYTES, NotAnImage, check_size

#: Entries of one directory that are looked at; programs write less than 100.
_MOST_ENTRIES = 1000

#: Strips or tiles of one picture. Strips of one row are common.
_MOST_PIECES = 65_536

#: Bytes of a value by its type: TIFF 6.0, section 2.
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _ORIENTATION = 256, 257, 258, 259, 274
_STRIP_OFFSETS, _STRIP_LENGTHS = 273, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_LENGTHS = 322, 323, 324, 325
_SAMPLE_FORMAT, _TABLES, _PROFILE = 339, 347, 34_675

#: The most values of each tag that the pixels need. A colour map has three times 65,536.
_NEEDED = {
    **dict.fromkeys(
        (_WIDTH, _HEIGHT, _COMPRESSION, 262, 266, 277, 278, 284, 292, 293, 317, _TILE_WIDTH, _TILE_HEIGHT), 1
    ),
    **dict.fromkeys((_BITS, 338, _SAMPLE_FORMAT), 8),
    **dict.fromkeys((_STRIP_OFFSETS, _STRIP_LENGTHS, _TILE_OFFSETS, _TILE_LENGTHS), _MOST_PIECES),
    320: 3 * 65_536,
    _TABLES: 65_536,
    **dict.fromkeys((529, 530, 531, 532), 8),
}

#: None, three codings of fax, LZW, JPEG, Deflate by both its numbers, and PackBits.
_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 7, 8, 32_946, 32_773})

_UNSIGNED = 1


@dataclass(frozen=True)
class _Entry:
    tag: int
    type_: int
    count: int
    #: Where the values stand in the file.
    place: int
    #: The entry as it stands there.
    raw: bytes


@dataclass(frozen=True)
class TiffDirectory:
    """The first picture of a TIFF file."""

    #: The file with one directory, of the needed tags.
    stripped: bytes
    orientation: int
    profile: bytes | None
    has_more: bool


def read_directory(body: bytes) -> TiffDirectory:
    """The first directory of a TIFF file.

    Raises NotAnImage for a size, a compression or a kind of samples that is not taken, and struct.error or KeyError for a file
    that is broken.
    """
    order = "<" if body.startswith(b"II") else ">"
    (start,) = struct.unpack_from(f"{order}I", body, 4)
    (count,) = struct.unpack_from(f"{order}H", body, start)
    entries: dict[int, _Entry] = {}
    for position in range(start + 2, start + 2 + 12 * min(count, _MOST_ENTRIES), 12):
        tag, type_, values, _ = struct.unpack_from(f"{order}HHII", body, position)
        size = values * _TYPE_SIZES.get(type_, 1)
        place = position + 8 if size <= 4 else struct.unpack_from(f"{order}I", body, position + 8)[0]  # noqa: PLR2004
        entries.setdefault(tag, _Entry(tag, type_, values, place, body[position : position + 12]))
    (following,) = struct.unpack_from(f"{order}I", body, start + 2 + 12 * count) if count <= _MOST_ENTRIES else (0,)
    _check(body, order, entries)
    return TiffDirectory(
        stripped=_strip(body, order, entries),
        orientation=_number(body, order, entries.get(_ORIENTATION), 1),
        profile=_read_profile(body, entries.get(_PROFILE)),
        has_more=following != 0,
    )


def _check(body: bytes, order: str, entries: dict[int, _Entry]) -> None:
    width = _number(body, order, entries[_WIDTH])
    height = _number(body, order, entries[_HEIGHT])
    check_size(width, height)
    if _number(body, order, entries.get(_COMPRESSION), 1) not in _COMPRESSIONS:
        raise NotAnImage("is a TIFF with a rare compression; send it with LZW, Deflate or none, or as PNG")
    if _number(body, order, entries.get(_SAMPLE_FORMAT), _UNSIGNED) != _UNSIGNED:
        raise NotAnImage("is a TIFF of signed or floating point samples, which is not taken; send 8 or 16 bits")
    for tag, most in _NEEDED.items():
        if tag in entries and entries[tag].count > most:
            raise NotAnImage(f"is a TIFF with more than {most:,} values in tag {tag}")
    if _TILE_WIDTH in entries:
        tile_width = _number(body, order, entries[_TILE_WIDTH])
        tile_height = _number(body, order, entries[_TILE_HEIGHT])
        check_size(tile_width, tile_height)
        # What the tiles at the edges have beyond the picture is decoded too.
        if ceil(width / tile_width) * tile_width * ceil(height / tile_height) * tile_height > 2 * MAX_IMAGE_PIXELS:
            raise NotAnImage("is a TIFF with larger tiles than its pixels need")


def _number(body: bytes, order: str, entry: _Entry | None, default: int = 0) -> int:
    if entry is None:
        return default
    (number,) = struct.unpack_from(f"{order}{ {1: 'B', 3: 'H', 4: 'I'}[entry.type_] }", body, entry.place)
    return int(number)


def _read_profile(body: bytes, entry: _Entry | None) -> bytes | None:
    if entry is None:
        return None
    return body[entry.place : entry.place + min(entry.count, MAX_PROFILE_BYTES + 1)]


def _strip(body: bytes, order: str, entries: dict[int, _Entry]) -> bytes:
    """The file with a directory behind it that has the needed tags alone, and nothing after it."""
    padding = bytes(len(body) % 2)
    kept = [entry.raw for tag, entry in sorted(entries.items()) if tag in _NEEDED]
    directory = struct.pack(f"{order}H", len(kept)) + b"".join(kept) + bytes(4)
    start = struct.pack(f"{order}I", len(body) + len(padding))
    return body[:4] + start + body[8:] + padding + directory
