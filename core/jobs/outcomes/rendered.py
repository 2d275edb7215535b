"""What a successful attempt brings back: the images as they lie in the bucket, and the receipt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.artifacts.outputs import StoredImage


@dataclass(frozen=True)
class Rendered:
    """What a successful attempt brings: its images, what it takes to make them again, and how long each part took."""

    images: list[StoredImage]
    receipt: dict[str, Any]
    #: What of the request had no effect, as far as only the renderer could tell.
    warnings: list[str]
    render_ms: int
    upload_ms: int
