"""The colours that a PNG file means, by the first of its chunks that says so."""

from __future__ import annotations

import struct
import zlib

from core.pictures.cicp import build_cicp_profile
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

_NAMES = {b"cICP": "cICP", b"gAMA": "gAMA", b"cHRM": "cHRM"}


class _BrokenChunk(Exception):
    """The chunk does not hold what the specification says. The message is the warning."""


def read_colour(chunks: PngChunks) -> tuple[bytes | None, tuple[str, ...]]:
    """An ICC profile of the file's colours, None for sRGB, and warnings.

    The order is that of the PNG specification, 4.3: cICP, iCCP, sRGB, then gAMA with cHRM. A broken one is passed over.
    """
    warnings = [_describe(kind) for kind in sorted(chunks.damaged & {b"cICP", b"iCCP", b"gAMA", b"cHRM"})]
    for read in (_read_cicp, _read_iccp, _read_srgb, _read_gamma):
        try:
            found, profile = read(chunks)
        except _BrokenChunk as broken:
            warnings.append(str(broken))
            continue
        if found:
            return profile, tuple(warnings)
    return None, tuple(warnings)


def _read_cicp(chunks: PngChunks) -> tuple[bool, bytes | None]:
    body = chunks.optional.get(b"cICP")
    if body is None:
        return False, None
    if len(body) != 4 or body[2] != 0:  # noqa: PLR2004
        raise _BrokenChunk(_describe(b"cICP"))
    try:
        return True, build_cicp_profile(primaries=body[0], transfer=body[1], grey=_is_grey(chunks))
    except ValueError as error:
        raise _BrokenChunk(_describe(b"cICP")) from error


def _read_iccp(chunks: PngChunks) -> tuple[bool, bytes | None]:
    body = chunks.optional.get(b"iCCP")
    if body is None:
        return False, None
    name, separator, rest = bytes(body).partition(b"\0")
    if not name or not separator or rest[:1] != b"\0":
        raise _BrokenChunk(_BROKEN_PROFILE)
    inflate = zlib.decompressobj()
    try:
        profile = inflate.decompress(rest[1:], MAX_PROFILE_BYTES + 1)
    except zlib.error as error:
        raise _BrokenChunk(_BROKEN_PROFILE) from error
    return True, profile


def _read_srgb(chunks: PngChunks) -> tuple[bool, bytes | None]:
    return b"sRGB" in chunks.optional, None


def _read_gamma(chunks: PngChunks) -> tuple[bool, bytes | None]:
    gamma = _parse_gamma(chunks.optional.get(b"gAMA"))
    primaries = _parse_primaries(chunks.optional.get(b"cHRM"))
    if gamma is None and primaries is None:
        return False, None
    is_srgb = gamma is None or abs(gamma / _SRGB_GAMMA - 1) <= _GAMMA_TOLERANCE
    curve = srgb_curve if is_srgb or gamma is None else _power(_UNITS / gamma)
    if _is_grey(chunks):
        return True, None if is_srgb else build_profile(None, curve)
    if is_srgb and primaries is None:
        return True, None
    try:
        return True, build_profile(primaries or SRGB_PRIMARIES, curve)
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
    return Primaries(red=(rest[0], rest[1]), green=(rest[2], rest[3]), blue=(rest[4], rest[5]), white=(white_x, white_y))


def _power(exponent: float) -> Curve:
    return lambda signal: signal**exponent


def _is_grey(chunks: PngChunks) -> bool:
    return chunks.header.colour_type in {0, 4}


def _describe(kind: bytes) -> str:
    return f"has a broken {_NAMES[kind]} chunk, which is ignored" if kind in _NAMES else _BROKEN_PROFILE
