"""The largest picture of every kind is decoded within the memory and the time that a decoding process has."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.pictures.cases import DISPLAY_P3, encode
from tests.pictures.libvips import cmyk_profile
from tests.pictures.png_files import RGB, SIGNATURE, build_chunk

pytestmark = pytest.mark.slow

WIDTH, HEIGHT = 8192, 4096

#: Bytes of address space, and seconds of CPU with much to spare for a slow machine.
_MEMORY, _SECONDS = 1024**3, 20

_CHILD = f"""
import resource, sys
from core.pictures.decode_picture import decode_picture
resource.setrlimit(resource.RLIMIT_AS, ({_MEMORY}, {_MEMORY}))
resource.setrlimit(resource.RLIMIT_CPU, ({_SECONDS}, {_SECONDS}))
picture = decode_picture(sys.stdin.buffer.read())
print(picture.width, picture.height, picture.warnings)
"""


def draw_large(mode: str) -> Image.Image:
    """The largest picture that is taken."""
    gradient = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    turned = Image.linear_gradient("L").rotate(90).resize((WIDTH, HEIGHT))
    channels = (gradient, turned, gradient, turned)
    return gradient if mode == "L" else Image.merge(mode, channels[: len(mode)])


def large_png_of_16_bits() -> bytes:
    """Colours of 16 bits with a key and an exponent, which takes two decodings and a conversion."""
    row = b"\0" + bytes(range(256)) * (WIDTH * 6 // 256)
    deflate = zlib.compressobj(1)
    pixels = b"".join(deflate.compress(row) for _ in range(HEIGHT)) + deflate.flush()
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, RGB, 0, 0, 0),
        b"gAMA": struct.pack(">I", 60_000),
        b"tRNS": bytes(range(6)),
        b"IDAT": pixels,
        b"IEND": b"",
    }
    return SIGNATURE + b"".join(build_chunk(kind, body) for kind, body in chunks.items())


def large(mode: str, format_: str, **options: Any) -> Callable[[], bytes]:
    """Makes a picture that lies on its side, so that it has to be turned too."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return lambda: encode(draw_large(mode), format_, **({"exif": exif} if format_ != "GIF" else {}), **options)


@pytest.mark.parametrize(
    "make",
    [
        large("RGB", "JPEG", subsampling=0, progressive=True, icc_profile=DISPLAY_P3),
        large("CMYK", "JPEG", progressive=True, icc_profile=cmyk_profile()),
        large("RGBA", "PNG", compress_level=1, icc_profile=DISPLAY_P3),
        large_png_of_16_bits,
        large("RGBA", "WEBP", lossless=True, method=0, icc_profile=DISPLAY_P3),
        large("RGBA", "WEBP", quality=30, method=0, icc_profile=DISPLAY_P3),
        large("L", "GIF"),
        large("RGBA", "TIFF", compression="tiff_adobe_deflate", icc_profile=DISPLAY_P3),
        large("RGBA", "AVIF", speed=10, quality=30, subsampling="4:4:4", icc_profile=DISPLAY_P3),
    ],
    ids=["JPEG", "CMYK", "PNG", "PNG of 16 bits", "lossless WebP", "lossy WebP", "GIF", "TIFF", "AVIF"],
)
def test_the_largest_picture_fits(make: Callable[[], bytes]) -> None:
    """Each with all that can be asked for at once: alpha, a profile and a turn."""
    child = subprocess.run([sys.executable, "-c", _CHILD], input=make(), capture_output=True, check=False, timeout=100)

    assert child.returncode == 0, child.stderr.decode()
    assert sorted(child.stdout.decode().split()[:2]) == ["4096", "8192"]
