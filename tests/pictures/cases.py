"""Pictures of every kind, made by hand or by two libraries, for `test_independent_decoder.py`."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyvips
from PIL import Image, ImageCms

from core.pictures.icc_profile import D65, Primaries, build_profile, srgb_curve
from tests.pictures import png_files
from tests.pictures.libvips import cmyk_profile
from tests.pictures.png_files import GREY, GREY_ALPHA, KINDS, PALETTE, RGB, RGBA, build_chunk, build_png

#: How far apart two decoders of a lossy format, or two conversions of colours, may be of 255.
LOSSY = 3

#: libvips converts 16 bits as they are, and we the eight high ones. The difference is largest in the dark.
SIXTEEN_BITS = 9

#: libvips scales up AVIF's colours by repeating pixels, and we between them.
AVIF = 12


@dataclass(frozen=True)
class Case:
    """One picture, and how near both decoders have to be."""

    name: str
    body: bytes
    tolerance: int = 0


DISPLAY_P3 = build_profile(Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65), srgb_curve)
ADOBE_RGB = build_profile(Primaries((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65), lambda signal: signal**2.2)
DARK_GREY = build_profile(None, lambda signal: signal**1.5)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PROFILES = {"sRGB": SRGB, "P3": DISPLAY_P3, "Adobe": ADOBE_RGB}


def list_cases() -> list[Case]:
    """All of them."""
    makers = (
        *(list_plain_pngs, list_keyed_pngs, list_profiled_pngs, list_png_chunks),
        *(list_jpegs, list_webps, list_gifs, list_tiffs, list_avifs, list_turned),
    )
    return [case for maker in makers for case in maker()]


def list_plain_pngs() -> Iterator[Case]:
    """Each colour type and depth, in rows and in seven passes, and sizes at which some passes are empty."""
    for colour_type, depth in KINDS:
        for interlaced in (False, True):
            for width, height in ((23, 17), (3, 1)):
                samples = png_files.draw(colour_type, depth, width=width, height=height)
                body = _png(samples, colour_type, depth, interlaced=interlaced)
                yield Case(f"png-{colour_type}-{depth}-{'passes' if interlaced else 'rows'}-{width}", body)


def list_keyed_pngs() -> Iterator[Case]:
    """A tRNS chunk in each kind of PNG that may have one: a colour that is there, and for palettes some entries."""
    for colour_type, depth in KINDS:
        samples = png_files.draw(colour_type, depth)
        for interlaced in (False, True):
            if colour_type in {GREY, RGB}:
                for row, column in ((0, 0), (0, 22), (9, 5)):
                    key = samples[row, column].astype(">u2").tobytes()
                    chunk = build_chunk(b"tRNS", key)
                    body = _png(samples, colour_type, depth, interlaced=interlaced, before=[chunk])
                    yield Case(f"png-{colour_type}-{depth}-key-{row}-{column}-{interlaced}", body)
            elif colour_type == PALETTE:
                chunk = build_chunk(b"tRNS", bytes(index * 255 // (1 << depth) for index in range(1 << depth)))
                body = _png(samples, colour_type, depth, interlaced=interlaced, before=[chunk])
                yield Case(f"png-{colour_type}-{depth}-alphas-{interlaced}", body)


def list_profiled_pngs() -> Iterator[Case]:
    """An iCCP chunk in each kind of PNG."""
    for colour_type, depth in KINDS:
        profiles = {"grey": DARK_GREY} if colour_type in {GREY, GREY_ALPHA} else PROFILES
        for name, profile in profiles.items():
            body = _png(png_files.draw(colour_type, depth), colour_type, depth, before=[iccp(profile)])
            yield Case(f"png-{colour_type}-{depth}-{name}", body, SIXTEEN_BITS if depth == 16 else LOSSY)


def list_png_chunks() -> Iterator[Case]:
    """Optional chunks that say nothing about the pixels."""
    chunks = {
        "text": build_chunk(b"tEXt", b"workflow\0" + b"{}" * 1000),
        "bytes": build_chunk(b"prVt", bytes(5000)),
        "time": build_chunk(b"tIME", b"\x07\xe8\x01\x01\0\0\0"),
        "resolution": build_chunk(b"pHYs", b"\0\0\x0b\x13\0\0\x0b\x13\x01"),
        "background": build_chunk(b"bKGD", b"\0\0\0\0\0\0"),
    }
    for colour_type, depth in ((RGB, 8), (RGBA, 16)):
        samples = png_files.draw(colour_type, depth)
        for name, chunk in chunks.items():
            yield Case(f"png-{colour_type}-{name}-before", _png(samples, colour_type, depth, before=[chunk]))
            yield Case(f"png-{colour_type}-{name}-behind", _png(samples, colour_type, depth, after=[chunk]))


def list_jpegs() -> Iterator[Case]:
    """Grey and colour, every subsampling, with and without passes, restarts and profiles."""
    for progressive in (False, True):
        for quality in (30, 92):
            yield Case(
                f"jpeg-L-{progressive}-{quality}", _pillow("L", "JPEG", quality=quality, progressive=progressive)
            )
        for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
            for restarts in (0, 2):
                options = {"subsampling": subsampling, "progressive": progressive, "restart_marker_blocks": restarts}
                yield Case(f"jpeg-{subsampling}-{progressive}-{restarts}", _pillow("RGB", "JPEG", **options), LOSSY)
        for name, profile in PROFILES.items():
            body = _pillow("RGB", "JPEG", icc_profile=profile, progressive=progressive, subsampling=0)
            yield Case(f"jpeg-{name}-{progressive}", body, LOSSY)
        body = _pillow("L", "JPEG", icc_profile=DARK_GREY, progressive=progressive)
        yield Case(f"jpeg-grey-{progressive}", body, LOSSY)
        body = _pillow("CMYK", "JPEG", icc_profile=cmyk_profile(), progressive=progressive)
        yield Case(f"jpeg-CMYK-{progressive}", body, LOSSY)
    yield Case("jpeg-RGB-kept", _pillow("RGB", "JPEG", keep_rgb=True, subsampling=0), LOSSY)
    yield Case("jpeg-comment", _pillow("RGB", "JPEG", comment=b"x" * 60_000), LOSSY)
    yield Case("jpeg-xmp", _pillow("RGB", "JPEG", xmp=b"<x/>" * 10_000), LOSSY)
    yield Case("mpo", _pillow("RGB", "MPO", save_all=True, append_images=[draw("RGB", 8, 8)]), LOSSY)


def list_webps() -> Iterator[Case]:
    """Both kinds of WebP, with alpha and profiles, and an animation."""
    for mode in ("RGB", "RGBA"):
        for lossless in (False, True):
            for name, profile in {"none": b"", **PROFILES}.items():
                body = _pillow(mode, "WEBP", lossless=lossless, exact=True, icc_profile=profile, quality=80)
                yield Case(f"webp-{mode}-{lossless}-{name}", body, LOSSY if profile or not lossless else 0)
            moving = _pillow(
                mode, "WEBP", lossless=lossless, save_all=True, append_images=[draw("RGB", 40, 30).rotate(180)]
            )
            yield Case(f"webp-{mode}-{lossless}-animated", moving, LOSSY)


def list_gifs() -> Iterator[Case]:
    """Palettes of several sizes, transparent and interlaced, and an animation."""
    for colours in (2, 16, 255):
        image = draw("RGB").quantize(colours)
        for interlaced in (False, True):
            yield Case(f"gif-{colours}-{interlaced}", encode(image, "GIF", interlace=interlaced))
            body = encode(image, "GIF", interlace=interlaced, transparency=1, comment=b"x" * 1000)
            yield Case(f"gif-{colours}-{interlaced}-transparent", body)
    moving = encode(draw("RGB").quantize(16), "GIF", save_all=True, append_images=[draw("L")])
    yield Case("gif-animated", moving)


def list_tiffs() -> Iterator[Case]:
    """Every compression that is taken, written by Pillow and by libvips, in strips and in tiles."""
    for compression in (None, "packbits", "tiff_lzw", "tiff_adobe_deflate"):
        for mode in ("1", "L", "P", "RGB", "RGBA", "I;16"):
            yield Case(f"tiff-{mode}-{compression}", _pillow(mode, "TIFF", compression=compression))
    for compression in ("group3", "group4"):
        yield Case(f"tiff-{compression}", _pillow("1", "TIFF", compression=compression))
    for profile in (None, DISPLAY_P3):
        body = _pillow("RGB", "TIFF", compression="tiff_lzw", icc_profile=profile)
        yield Case(f"tiff-profile-{profile is not None}", body, LOSSY)
    yield Case("tiff-CMYK", _pillow("CMYK", "TIFF", icc_profile=cmyk_profile()), LOSSY)
    for mode in ("L", "RGB", "RGBA"):
        image = pyvips.Image.new_from_array(np.asarray(draw(mode)))
        for compression in ("none", "lzw", "deflate", "packbits"):
            for tile in (False, True):
                for predictor in ("none", "horizontal"):
                    options: dict[str, Any] = {"compression": compression, "tile": tile, "predictor": predictor}
                    options |= {"tile_width": 16, "tile_height": 16} if tile else {}
                    yield Case(
                        f"tiff-vips-{mode}-{'-'.join(map(str, options.values()))}", image.tiffsave_buffer(**options)
                    )
    wide = (image.extract_band(0, n=3) * 257).cast("ushort").copy(interpretation="rgb16")
    yield Case("tiff-vips-RGB-16", wide.tiffsave_buffer(compression="lzw"))
    yield Case("tiff-vips-jpeg", image.extract_band(0, n=3).tiffsave_buffer(compression="jpeg", Q=90), LOSSY)


def list_avifs() -> Iterator[Case]:
    """Grey, colour and alpha, every subsampling, 8 to 12 bits."""
    for mode in ("L", "RGB", "RGBA"):
        for quality in (60, 100):
            yield Case(f"avif-{mode}-{quality}", _pillow(mode, "AVIF", quality=quality, speed=9), AVIF)
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        yield Case(f"avif-{subsampling}", _pillow("RGB", "AVIF", subsampling=subsampling, speed=9), AVIF)
    body = _pillow("RGB", "AVIF", subsampling="4:4:4", quality=100, icc_profile=DISPLAY_P3, speed=9)
    yield Case("avif-P3", body, AVIF)


def list_turned() -> Iterator[Case]:
    """Each orientation in each format that has one."""
    formats: dict[str, dict[str, Any]] = {
        "JPEG": {"subsampling": 0},
        "PNG": {},
        "WEBP": {"lossless": True},
        "TIFF": {"compression": "tiff_lzw"},
        "AVIF": {"speed": 9, "subsampling": "4:4:4"},
    }
    for format_, options in formats.items():
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[0x0112] = orientation
            body = _pillow("RGB", format_, exif=exif, **options)
            yield Case(f"{format_.lower()}-turned-{orientation}", body, AVIF)


def draw(mode: str = "RGB", width: int = 40, height: int = 30) -> Image.Image:
    """A smooth picture with all corners different, in any mode of Pillow's."""
    down, across = np.mgrid[0:height, 0:width]
    red, green = across * 255 // (width - 1), down * 255 // (height - 1)
    colours = np.dstack([red, green, 255 - red, 40 + green * 200 // 255]).astype(np.uint8)
    if mode == "I;16":
        return Image.fromarray((red * 257).astype(np.uint16))
    if mode in {"RGBA", "CMYK"}:
        return Image.fromarray(colours, mode)
    image = Image.fromarray(colours[:, :, :3])
    return image.quantize(64) if mode == "P" else image.convert(mode)


def iccp(profile: bytes, *, name: bytes = b"profile") -> bytes:
    """The chunk of a colour profile."""
    return build_chunk(b"iCCP", name + b"\0\0" + zlib.compress(profile))


def _png(samples: npt.NDArray[np.uint16], colour_type: int, depth: int, **options: Any) -> bytes:
    palette = png_files.draw_palette(depth) if colour_type == PALETTE else b""
    return build_png(samples, colour_type=colour_type, depth=depth, palette=palette, **options)


def _pillow(mode: str, format_: str, **options: Any) -> bytes:
    return encode(draw(mode), format_, **options)


def encode(image: Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()
