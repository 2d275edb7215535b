"""What an object looks like, before it has a size, a place or a colour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from demo_model.dataset.distance_fields import Field

#: Coordinates x, y [height, width] to signed distance [height, width].
Outline = Callable[[Field, Field], Field]


@dataclass(frozen=True)
class Shape:
    """An object as figures in a plane of about -1 to 1. Most of it has the object's colour."""

    outline: Outline
    #: Parts in a deeper tone of the colour; only what is inside the outline counts.
    shade: Outline | None = None
    #: Parts in a paler tone, over the deeper ones.
    light: Outline | None = None
