"""Take a JPEG file apart, so that only what its pixels need reaches a decoder, and count what they cost before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.pictures.limits import MAX_IMAGE_PIXELS, MAX_PROFILE_BYTES, NotAnImage, broken, check_size

#: Segments of one file; a camera writes about 30, a progressive encoder 50.
_MOST_SEGMENTS = 65_536

#: Passes over the picture. A decoder visits every block in each, however few bytes it has (libjpeg-turbo, "Two Issues with the
#: JPEG Standard", and the limit of its own fuzzers is 500). libjpeg's standard script has 10, and the search of mozjpeg
#: chooses among 64.
_MOST_SCANS = 100

#: Passes times pixels: 32 passes over the largest picture. libjpeg's script for CMYK has 18.
_MOST_SCANNED_PIXELS = 32 * MAX_IMAGE_PIXELS

_EOI, _SOS, _DRI, _DQT, _DHT = 0xD9, 0xDA, 0xDD, 0xDB, 0xC4
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE

#: Markers without a body: TEM, restarts and starts.
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})

#: Baseline, extended and progressive, each coded by Huffman: what browsers show.
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_OTHER_FRAMES = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})

_TABLES = frozenset({_DRI, _DQT, _DHT, _EOI})

#: The next marker behind the coded pixels: 0xFF before neither a zero, nor a restart, nor more filling.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

_JFIF_LENGTH, _ADOBE_LENGTH = 14, 12

_EXIF = b"Exif\0\0"
_ICC = b"ICC_PROFILE\0"


@dataclass
class JpegSegments:
    """The parts of a JPEG file that count."""

    #: A file of what the pixels need.
    stripped: bytes = b""
    exif: bytes = b""
    #: The pieces of a colour profile, by their number.
    profile_pieces: dict[int, bytes] = field(default_factory=dict)
    #: How many there should be, as the first of them says.
    expected_pieces: int = 0

    def join_profile(self) -> bytes | None:
        """The colour profile, None without one; empty if a piece is missing (ICC.1:2022, annex B.4)."""
        if not self.profile_pieces:
            return None
        if sorted(self.profile_pieces) != list(range(1, self.expected_pieces + 1)):
            return b""
        return b"".join(piece for _, piece in sorted(self.profile_pieces.items()))


def read_segments(body: bytes) -> JpegSegments:
    """The parts of the first picture in a JPEG file.

    Raises NotAnImage for a size that is not taken, for a kind of JPEG that is not, and for more scans than an encoder writes.
    """
    found = JpegSegments()
    kept: list[bytes] = [body[:2]]
    pixels = scans = 0
    for marker, segment in _walk(body):
        content = segment[4:]
        if marker in _OTHER_FRAMES:
            raise NotAnImage("is a JPEG of a rare kind (lossless, hierarchical or arithmetic), which is not taken")
        if marker in _FRAMES:
            if pixels:
                raise broken("JPEG")
            pixels = _read_size(content)
        elif marker == _SOS:
            scans += 1
            _check_scans(scans, pixels)
        elif marker not in _TABLES and not _is_needed(marker, content):
            _note(found, marker, content)
            continue
        kept.append(segment)
    if not scans:
        raise broken("JPEG")
    found.stripped = b"".join(kept)
    return found


def _walk(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of each segment up to the end of the first picture; the pixels belong to their scan's segment."""
    position = 2
    for _ in range(_MOST_SEGMENTS):
        start = _MARKER.search(body, position)
        if start is None:
            # The decoder misses the end, and says so.
            return
        position = start.start()
        marker = body[position + 1]
        if marker in _ALONE:
            position += 2
            continue
        if marker == _EOI:
            yield marker, body[position : position + 2]
            return
        end = position + 2 + int.from_bytes(body[position + 2 : position + 4])
        if marker == _SOS:
            following = _MARKER.search(body, end)
            end = following.start() if following else len(body)
        yield marker, body[position:end]
        position = max(end, position + 2)
    raise NotAnImage(f"is a JPEG of more than {_MOST_SEGMENTS:,} segments")


def _read_size(frame: bytes) -> int:
    """The number of pixels."""
    if len(frame) < 6:  # noqa: PLR2004
        raise broken("JPEG")
    precision, height, width = frame[0], int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    if precision != 8:  # noqa: PLR2004
        raise NotAnImage(f"is a JPEG of {precision} bits, which is not taken; send 8 bits")
    check_size(width, height)
    return width * height


def _check_scans(scans: int, pixels: int) -> None:
    if scans > _MOST_SCANS or scans * pixels > _MOST_SCANNED_PIXELS:
        raise NotAnImage("is a JPEG with more scans than its pixels need")


def _is_needed(marker: int, content: bytes) -> bool:
    """Whether an application's segment says how the channels are coded, and is long enough for libjpeg to believe it."""
    return (marker == _APP0 and content[:5] == b"JFIF\0" and len(content) >= _JFIF_LENGTH) or (
        marker == _APP14 and content[:5] == b"Adobe" and len(content) >= _ADOBE_LENGTH
    )


def _note(found: JpegSegments, marker: int, content: bytes) -> None:
    if marker == _APP1 and content[:6] == _EXIF and not found.exif:
        found.exif = content
    elif marker == _APP2 and content[:12] == _ICC and len(content) > len(_ICC) + 2:
        number, found.expected_pieces = content[12], found.expected_pieces or content[13]
        if sum(map(len, found.profile_pieces.values())) <= MAX_PROFILE_BYTES:
            found.profile_pieces.setdefault(number, content[14:])
