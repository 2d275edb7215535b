"""Recognise the kind of a picture by the first bytes of its file."""

from __future__ import annotations

from core.pictures.limits import NotAnImage

#: What is taken, as messages name it.
TAKEN = "PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF"

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
)

#: Brands of the `ftyp` box: ISO/IEC 23008-12, annex B, for HEIC, and the AV1 image file format for AVIF.
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})

#: Brands that are read of one file.
_MOST_BRANDS = 64


def recognise(body: bytes) -> str:
    """The kind of a file: PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF.

    Raises NotAnImage, with the list of what is taken, for everything else.
    """
    for signature, kind in _SIGNATURES:
        if body.startswith(signature):
            return kind
    if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        return "WebP"
    brands = _list_brands(body)
    if brands & _AVIF_BRANDS:
        return "AVIF"
    if brands & _HEIC_BRANDS:
        raise NotAnImage(f"is a HEIC image, which is not taken; send it as {TAKEN}")
    raise NotAnImage(f"is not a {TAKEN} image that can be read")


def _list_brands(body: bytes) -> set[bytes]:
    if body[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(body[:4]), len(body), 8 + 4 * _MOST_BRANDS)
    # Behind the major brand stands a version, which equals no brand.
    return {body[start : start + 4] for start in range(8, end, 4)}
