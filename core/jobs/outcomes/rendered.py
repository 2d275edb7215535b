"""What a successful attempt brings back: the images as they lie in the bucket, and the receipt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StoredImage:
    """An image that lies in the bucket already. Sizes in pixels and bytes."""

    position: int
    storage_key: str
    media_type: str
    byte_size: int
    sha256: str
    width: int
    height: int
    seed: int


@dataclass(frozen=True)
class Rendered:
    """What a successful attempt brings: its images, what it takes to make them again, and how long each part took."""

    images: list[StoredImage]
    receipt: dict[str, Any]
    #: What of the request had no effect, as far as only the renderer could tell.
    warnings: list[str]
    render_ms: int
    upload_ms: int
