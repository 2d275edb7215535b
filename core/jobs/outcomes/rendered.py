"""What a successful attempt brings back: the images as they lie in the bucket, and the receipt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.artifacts.outputs import StoredImage


@dataclass(frozen=True)
class FilteredImage:
    """An image that the model's content filter withheld, so that there is no file of it."""

    #: Among the images that the job was asked for, from 0.
    position: int
    seed: int


@dataclass(frozen=True)
class Rendered:
    """What a successful attempt brings: its images, what it takes to make them again, and how long each part took."""

    images: list[StoredImage]
    receipt: dict[str, Any]
    #: What of the request had no effect, as far as only the renderer could tell; which images were withheld.
    warnings: list[str]
    render_ms: int
    upload_ms: int
    filtered_images: tuple[FilteredImage, ...] = ()
    #: Of its prompts, JSON-ready; None: it has none.
    prompt_report: dict[str, Any] | None = None

    @property
    def share_delivered(self) -> float:
        """The images that are delivered, as a share of those that were asked for: nobody pays for one that is withheld."""
        if not self.filtered_images:
            return 1.0
        return len(self.images) / (len(self.images) + len(self.filtered_images))
