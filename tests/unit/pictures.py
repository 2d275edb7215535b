"""Picture files as clients send them."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image


def encode(image: Image.Image, format_: str = "PNG", **options: Any) -> bytes:
    """The image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def picture(width: int = 64, height: int = 48, *, mode: str = "RGB", colour: Any = "red") -> Image.Image:
    """One plain colour."""
    return Image.new(mode, (width, height), colour)


def data_uri(body: bytes, media_type: str = "image/png") -> str:
    """The bytes as a request holds them."""
    return f"data:{media_type};base64,{base64.b64encode(body).decode()}"


def png_uri(width: int = 64, height: int = 48, *, colour: Any = "red") -> str:
    """A PNG of one colour as a request holds it."""
    return data_uri(encode(picture(width, height, colour=colour)))
