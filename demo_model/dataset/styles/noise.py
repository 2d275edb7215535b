"""Smooth noise that looks the same in every run: read from one tile, at a place that the scene decides."""

from __future__ import annotations

from functools import cache

import numpy as np

from demo_model.dataset.distance_fields import Field

#: Side of the tile, which repeats.
TILE = 512


def smooth_noise(x: Field, y: Field, length: float, key: int) -> Field:
    """Noise of unit deviation at pixels, [height, width], that changes over about `length` pixels."""
    across, down = (key * 7919) % TILE, (key * 104_729) % TILE
    # Rounded to whole pixels: the tile is smooth over many of them.
    columns = np.floor(x).astype(np.int64) + across
    rows = np.floor(y).astype(np.int64) + down
    found: Field = _tile(length)[rows % TILE, columns % TILE]
    return found


@cache
def _tile(length: float) -> Field:
    """White noise without its fast waves, periodic."""
    white = np.random.default_rng(20_26).standard_normal((TILE, TILE))
    waves = np.fft.fftfreq(TILE)
    damped = np.fft.fft2(white) * np.exp(-2 * (np.pi * length / 2) ** 2 * (waves[:, None] ** 2 + waves[None] ** 2))
    noise = np.fft.ifft2(damped).real
    tile: Field = (noise / noise.std()).astype(np.float32)
    return tile
