"""Build an ICC profile from primaries and a curve, for files that give these instead of a profile."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

#: From a signal between 0 and 1 to light between 0 and 1.
Curve = Callable[[float], float]

Chromaticity = tuple[float, float]
Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
Vector = tuple[float, float, float]


class Primaries(NamedTuple):
    """Chromaticities: x and y of CIE 1931."""

    red: Chromaticity
    green: Chromaticity
    blue: Chromaticity
    white: Chromaticity


D65: Chromaticity = (0.3127, 0.3290)
SRGB_PRIMARIES = Primaries((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), D65)

#: The white of every profile: ICC.1:2022, 7.2.16.
_D50: Vector = (0.9642, 1.0, 0.8249)

#: Bradford's matrix: ICC.1:2022, annex E.
_BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))

_CURVE_POINTS = 4096


def srgb_curve(signal: float) -> float:
    """The curve of IEC 61966-2-1."""
    return signal / 12.92 if signal <= 0.04045 else ((signal + 0.055) / 1.055) ** 2.4  # noqa: PLR2004


def build_profile(primaries: Primaries | None, curve: Curve) -> bytes:
    """A profile (ICC.1:2022, version 4) of a display with these primaries, or of a grey one without.

    Raises ValueError or ZeroDivisionError for primaries that span no colours.
    """
    samples = b"".join(
        struct.pack(">H", round(min(max(curve(point / (_CURVE_POINTS - 1)), 0.0), 1.0) * 65_535))
        for point in range(_CURVE_POINTS)
    )
    curve_tag = b"curv" + struct.pack(">II", 0, _CURVE_POINTS) + samples
    tags = {b"wtpt": _build_xyz(_D50)}
    if primaries is None:
        tags |= {b"kTRC": curve_tag}
    else:
        columns = _find_colorants(primaries)
        tags |= {name: _build_xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve_tag)
    return _assemble(b"GRAY" if primaries is None else b"RGB ", tags)


def _assemble(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    table = struct.pack(">I", len(tags))
    data = b""
    start = 128 + 4 + 12 * len(tags)
    places: dict[bytes, int] = {}
    for name, body in tags.items():
        if body not in places:
            places[body] = start + len(data)
            data += body + bytes(-len(body) % 4)
        table += name + struct.pack(">II", places[body], len(body))
    # ICC.1:2022, 7.2: size, no module, version 4.3, a display, its space, XYZ, a date, the signature, and D50 as illuminant.
    header = struct.pack(
        ">I4xI4s4s4s6H4s28x3i48x",
        start + len(data),
        0x04300000,
        b"mntr",
        space,
        b"XYZ ",
        *(2000, 1, 1, 0, 0, 0),
        b"acsp",
        *(_fixed(value) for value in _D50),
    )
    return header + table + data


def _build_xyz(value: Vector) -> bytes:
    return b"XYZ " + struct.pack(">I3i", 0, *(_fixed(part) for part in value))


def _fixed(value: float) -> int:
    return round(value * 65_536)


def _find_colorants(primaries: Primaries) -> tuple[Vector, Vector, Vector]:
    """XYZ of the three primaries at full light, adapted to D50: SMPTE RP 177, and Bradford's adaptation."""
    red, green, blue, white = (_to_xyz(point) for point in primaries)
    amounts = _multiply(_invert(_transpose((red, green, blue))), white)
    if min(amounts) <= 0:
        raise ValueError("the white is not between the primaries")
    cones, wanted = _multiply(_BRADFORD, white), _multiply(_BRADFORD, _D50)
    gains = tuple(there / here for there, here in zip(wanted, cones, strict=True))
    back = _invert(_BRADFORD)

    def adapt(colour: Vector, amount: float) -> Vector:
        lit = _multiply(_BRADFORD, (colour[0] * amount, colour[1] * amount, colour[2] * amount))
        return _multiply(back, (lit[0] * gains[0], lit[1] * gains[1], lit[2] * gains[2]))

    return adapt(red, amounts[0]), adapt(green, amounts[1]), adapt(blue, amounts[2])


def _to_xyz(point: Chromaticity) -> Vector:
    x, y = point
    if not (0 <= x <= 1 and 0 < y <= 1 and x + y <= 1):
        raise ValueError("a chromaticity outside of the diagram")
    return (x / y, 1.0, (1 - x - y) / y)


def _multiply(matrix: Matrix, vector: Vector) -> Vector:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def _transpose(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    return ((a, d, g), (b, e, h), (c, f, i))


def _invert(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    rows = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    first, second, third = ((x / determinant, y / determinant, z / determinant) for x, y, z in rows)
    return first, second, third
