"""All styles by name, the default first."""

from __future__ import annotations

from types import ModuleType

from demo_model.dataset.styles import (
    blueprint,
    flat,
    line_art,
    neon,
    pixel_art,
    poster,
    product_photo,
    sketch,
    watercolour,
)

#: Each module has `ground`, which paints a picture without things, and `paint`, which adds a thing.
STYLES: dict[str, ModuleType] = {
    "flat": flat,
    "line art": line_art,
    "blueprint": blueprint,
    "product photo": product_photo,
    "poster": poster,
    "watercolour": watercolour,
    "pixel art": pixel_art,
    "neon": neon,
    "sketch": sketch,
}
