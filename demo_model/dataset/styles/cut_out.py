"""One thing of a scene in its place: how far every pixel around it is from its outline and its parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_model.dataset.distance_fields import Field
from demo_model.dataset.objects.distances import distances
from demo_model.dataset.styles.tones import Tone


@dataclass(frozen=True)
class CutOut:
    """A thing at `centre` (x, y) with half its longer side `radius`, all in pixels of the picture."""

    name: str
    tone: Tone
    ground: Tone
    centre: tuple[float, float]
    radius: float
    #: Pixel centres of the window around the thing, [height, width].
    x: Field
    y: Field
    #: Pixels of the picture for each pixel of one that is 256 wide: lines and shadows grow with it.
    unit: float

    def read(self, x: Field, y: Field) -> tuple[Field, Field, Field]:
        """Distances in pixels from the outline, the shaded parts and the light ones, at places of the picture."""
        radius = np.float32(self.radius)
        found = distances(self.name).read((x - self.centre[0]) / radius, (y - self.centre[1]) / radius)
        outline, shade, light = (distance * radius for distance in found)
        return outline, shade, light

    def here(self) -> tuple[Field, Field, Field]:
        """The same at the window's pixels."""
        return self.read(self.x, self.y)

    def moved(self, across: float, down: float) -> Field:
        """Distances from the outline, if the thing stood so many pixels further right and down."""
        return self.read(self.x - np.float32(across), self.y - np.float32(down))[0]


def cover(distance: Field, soft: float = 1.0) -> Field:
    """How much of a pixel is inside, 0 to 1: it falls within `soft` pixels across the outline."""
    covered: Field = np.clip(np.float32(0.5) - distance / np.float32(soft), 0, 1)
    return covered


def stroke(distance: Field, width: float, soft: float = 1.0) -> Field:
    """How much of a pixel is on a line of this width along the outline's inner side, 0 to 1."""
    half = np.float32(width / 2)
    return cover(np.abs(distance + half) - half, soft)


def contour(distance: Field, width: float) -> Field:
    """How much of a pixel is on a line of this width over the outline, 0 to 1."""
    return cover(np.abs(distance) - np.float32(width / 2))
