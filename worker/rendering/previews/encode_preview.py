"""Previews as files: WebP, of at most 20 KB."""

from __future__ import annotations

import io

from PIL import Image

MOST_BYTES = 20_000

#: The longest side of a preview, in pixels.
_LONGEST_SIDE = 384

_QUALITIES = (80, 60, 40, 20)


def encode_preview(picture: Image.Image, width: int, height: int) -> bytes:
    """The picture as a WebP file, in the proportions of the final one (`width` and `height` in pixels) and not larger than it."""
    side = min(_LONGEST_SIDE, max(width, height))
    while True:
        scale = side / max(width, height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        resized = picture.resize(size, Image.Resampling.BICUBIC)
        for quality in _QUALITIES:
            buffer = io.BytesIO()
            resized.save(buffer, "WEBP", quality=quality, method=2)
            if buffer.tell() <= MOST_BYTES:
                return buffer.getvalue()
        side //= 2
