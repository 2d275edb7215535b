"""Colours by the numbers of ITU-T H.273 (CICP), as PNG's cICP chunk and AVIF's `nclx` box give them."""

from __future__ import annotations

import math
from typing import NamedTuple

from core.pictures.icc_profile import D65, SRGB_PRIMARIES, Curve, Primaries, build_profile, srgb_curve

#: H.273, table 2.
_PRIMARIES = {
    1: SRGB_PRIMARIES,
    4: Primaries((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: Primaries((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    6: Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    7: Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    9: Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    11: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
}

#: "Unspecified" in the tables of primaries and of transfers, which in a picture means sRGB.
_UNSPECIFIED = 2

_PQ, _HLG = 16, 18
_HDR = "is an HDR image; what is brighter than white is cut off"

#: The light of diffuse white in nits, which becomes the white of sRGB (ITU-R BT.2408, 2.2); what is brighter is cut off.
_WHITE_NITS = 203

#: The same white as a signal of HLG, by the same report.
_WHITE_HLG = 0.75


class Colours(NamedTuple):
    """What a file says about its colours."""

    #: An ICC profile; None for sRGB.
    profile: bytes | None = None
    warnings: tuple[str, ...] = ()


def read_cicp(*, primaries: int, transfer: int, grey: bool) -> Colours:
    """The colours of these numbers. Raises ValueError for numbers that name none."""
    curve = _CURVES.get(transfer)
    points = SRGB_PRIMARIES if primaries == _UNSPECIFIED else _PRIMARIES.get(primaries)
    if curve is None or points is None:
        raise ValueError("the numbers name no colours")
    if curve is srgb_curve and (grey or points == SRGB_PRIMARIES):
        return Colours()
    return Colours(build_profile(None if grey else points, curve), (_HDR,) if transfer in {_PQ, _HLG} else ())


def _decode_pq(signal: float) -> float:
    """SMPTE ST 2084: nits, as a part of white's."""
    root = math.pow(signal, 32 / 2523)
    return 10_000 / _WHITE_NITS * math.pow(max(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root), 8192 / 1305)


def _decode_hlg(signal: float) -> float:
    """ITU-R BT.2100, table 5, with the gamma of 1.2 that a display of 1,000 nits adds, as a part of white's."""
    return math.pow(_open_hlg(signal) / _open_hlg(_WHITE_HLG), 1.2)


def _open_hlg(signal: float) -> float:
    return signal**2 / 3 if signal <= 0.5 else (math.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12  # noqa: PLR2004


#: H.273, table 3. The curves of television (1, 6, 14, 15) describe cameras; what they made is seen on sRGB displays, and
#: browsers take it as sRGB too.
_CURVES: dict[int, Curve] = {
    **dict.fromkeys((1, _UNSPECIFIED, 6, 13, 14, 15), srgb_curve),
    4: lambda signal: signal**2.2,
    5: lambda signal: signal**2.8,
    8: lambda signal: signal,
    _PQ: _decode_pq,
    _HLG: _decode_hlg,
}
