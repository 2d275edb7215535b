"""Let an autoencoder work in tiles for a moment: less memory, and pixels that differ a little around the seams."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

#: Pixels along a side. In smaller tiles an autoencoder sees too little of a picture to give them all the same colours.
_SMALLEST_SIDE = 256

#: A tile's side is a multiple of this number of latents, so that a quarter of it, the overlap, is a whole number of them.
_LATENTS = 4


@dataclass
class Tiles:
    """In what tiles a job's pictures were coded, because there was no memory to code them whole: the smallest sides in
    pixels, None if they were coded as the model's entry says.
    """

    decoded: int | None = None
    encoded: int | None = None

    def describe(self) -> dict[str, int | None]:
        """For the receipt."""
        return {"decoded_pixels": self.decoded, "encoded_pixels": self.encoded}

    def warn(self) -> list[str]:
        """A sentence for each thing that was done in tiles."""
        done = {"decode the picture": self.decoded, "encode the given picture": self.encoded}
        return [
            f"The device had no memory left to {what} whole, so this was done in tiles of {side} pixels: its pixels differ "
            f"a little, most of all around the seams."
            for what, side in done.items()
            if side is not None
        ]


_NOTES: ContextVar[Tiles | None] = ContextVar("tiles", default=None)


@contextmanager
def noting_tiles() -> Iterator[Tiles]:
    """What this thread codes in tiles during the block, for want of memory, is noted."""
    tiles = Tiles()
    token = _NOTES.set(tiles)
    try:
        yield tiles
    finally:
        _NOTES.reset(token)


def note_tiles(what: str, side: int) -> None:
    """A picture was `decoded` or `encoded` in tiles of this many pixels along a side."""
    tiles = _NOTES.get()
    if tiles is not None:
        setattr(tiles, what, min(side, getattr(tiles, what) or side))


def can_tile(autoencoder: Any, scale: int) -> bool:
    """Whether it can work in tiles. `scale`: pixels along a side for each latent."""
    # AutoencoderTiny assumes 8 pixels for a latent, and its tiling fails with any other number.
    return hasattr(autoencoder, "use_tiling") and getattr(autoencoder, "spatial_scale_factor", scale) == scale


def list_smaller_sides(side: int, scale: int) -> list[int]:
    """Sides of tiles for a picture whose longer side has `side` pixels, each about half as long as the one before."""
    step = _LATENTS * scale
    sides: list[int] = []
    while (side := -(-side // (2 * step)) * step) >= max(_SMALLEST_SIDE, step) and side not in sides:
        sides.append(side)
    return sides


@contextmanager
def in_tiles(autoencoder: Any, scale: int, side: int | None = None) -> Iterator[None]:
    """The autoencoder works in tiles during the block: of `side` pixels (a multiple of four latents), or as large as it is
    set to. Afterwards it is as before. No other thread may use it.
    """
    settings: dict[str, Any] = {"use_tiling": True}
    if side is not None:
        settings |= _size_tiles(autoencoder, scale, side)
        if hasattr(autoencoder, "use_slicing"):
            settings["use_slicing"] = True  # one picture at a time
    before = {name: getattr(autoencoder, name) for name in settings}
    try:
        _set(autoencoder, settings)
        yield
    finally:
        _set(autoencoder, before)


def _size_tiles(autoencoder: Any, scale: int, side: int) -> dict[str, int]:
    """diffusers' attributes for that size, as far as this autoencoder has them. Tiles overlap by a quarter."""
    sizes: dict[str, int] = {}
    for dimension in ("size", "height", "width"):
        sizes[f"tile_sample_min_{dimension}"] = side
        sizes[f"tile_sample_stride_{dimension}"] = side * 3 // 4
        sizes[f"tile_latent_min_{dimension}"] = side // scale
        sizes[f"tile_latent_stride_{dimension}"] = side * 3 // 4 // scale
    return {name: size for name, size in sizes.items() if hasattr(autoencoder, name)}


def _set(autoencoder: Any, settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        setattr(autoencoder, name, value)
