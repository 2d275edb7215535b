"""The colours that a PNG file means, by the first of its chunks that says so."""

from __future__ import annotations

import struct
import zlib

from core.pictures.cicp import Colours, read_cicp
from core.pictures.formats.png_chunks import PngChunks
from core.pictures.icc_profile import SRGB_PRIMARIES, Curve, Primaries, build_profile, srgb_curve
from core.pictures.limits import MAX_PROFILE_BYTES

#: 1/2.2 as gAMA writes it, which is also what sRGB is written as. Within 5 % nobody sees a difference (libpng's
#: PNG_GAMMA_THRESHOLD), and what is meant is sRGB.
_SRGB_GAMMA = 45_455
_GAMMA_TOLERANCE = 0.05

#: gAMA that makes sense: exponents from 10 to 0.2.
_SENSIBLE_GAMMA = range(10_000, 500_001)

#: PNG specification, 11.3.2.1 and 11.3.2.2: units of gAMA and cHRM.
_UNITS = 100_000

_BROKEN_PROFILE = "has a broken colour profile, which is ignored"


class _BrokenChunk(Exception):
    """The chunk does not hold what the specification says. The message is the warning."""


def read_colours(chunks: PngChunks) -> Colours:
    """The file's colours.

    The order is that of the PNG specification, 4.3: cICP, iCCP, sRGB, then gAMA with cHRM. A broken chunk is passed over with a
    warning.
    """
    warnings = tuple(_describe(kind) for kind in sorted(chunks.damaged & {b"cICP", b"iCCP", b"gAMA", b"cHRM"}))
    for read in (_read_cicp, _read_iccp, _read_srgb, _read_gamma):
        try:
            colours = read(chunks)
        except _BrokenChunk as reason:
            warnings = (*warnings, str(reason))
            continue
        if colours is not None:
            return Colours(colours.profile, (*warnings, *colours.warnings))
    return Colours(None, warnings)


def _read_cicp(chunks: PngChunks) -> Colours | None:
    body = chunks.optional.get(b"cICP")
    if body is None:
        return None
    if len(body) != 4 or body[2] != 0:  # noqa: PLR2004
        raise _BrokenChunk(_describe(b"cICP"))
    try:
        return read_cicp(primaries=body[0], transfer=body[1], grey=chunks.header.is_grey)
    except ValueError as error:
        raise _BrokenChunk(_describe(b"cICP")) from error


def _read_iccp(chunks: PngChunks) -> Colours | None:
    body = chunks.optional.get(b"iCCP")
    if body is None:
        return None
    name, separator, rest = bytes(body).partition(b"\0")
    if not name or not separator or rest[:1] != b"\0":
        raise _BrokenChunk(_BROKEN_PROFILE)
    try:
        return Colours(zlib.decompressobj().decompress(rest[1:], MAX_PROFILE_BYTES + 1))
    except zlib.error as error:
        raise _BrokenChunk(_BROKEN_PROFILE) from error


def _read_srgb(chunks: PngChunks) -> Colours | None:
    return Colours() if b"sRGB" in chunks.optional else None


def _read_gamma(chunks: PngChunks) -> Colours | None:
    gamma = _parse_gamma(chunks.optional.get(b"gAMA"))
    primaries = None if chunks.header.is_grey else _parse_primaries(chunks.optional.get(b"cHRM"))
    curve: Curve = srgb_curve
    if gamma is not None and abs(gamma / _SRGB_GAMMA - 1) > _GAMMA_TOLERANCE:
        curve = _power(_UNITS / gamma)
    if curve is srgb_curve and primaries is None:
        return None
    if chunks.header.is_grey:
        return Colours(build_profile(None, curve))
    try:
        return Colours(build_profile(primaries or SRGB_PRIMARIES, curve))
    except (ValueError, ZeroDivisionError) as error:
        raise _BrokenChunk(_describe(b"cHRM")) from error


def _parse_gamma(body: memoryview | None) -> int | None:
    if body is None:
        return None
    gamma = int.from_bytes(body)
    if len(body) != 4 or gamma not in _SENSIBLE_GAMMA:  # noqa: PLR2004
        raise _BrokenChunk(_describe(b"gAMA"))
    return gamma


def _parse_primaries(body: memoryview | None) -> Primaries | None:
    if body is None:
        return None
    if len(body) != struct.calcsize(">8I"):
        raise _BrokenChunk(_describe(b"cHRM"))
    white_x, white_y, *rest = (value / _UNITS for value in struct.unpack(">8I", body))
    return Primaries(
        red=(rest[0], rest[1]), green=(rest[2], rest[3]), blue=(rest[4], rest[5]), white=(white_x, white_y)
    )


def _power(exponent: float) -> Curve:
    return lambda signal: signal**exponent


def _describe(kind: bytes) -> str:
    return _BROKEN_PROFILE if kind == b"iCCP" else f"has a broken {kind.decode()} chunk, which is ignored"
