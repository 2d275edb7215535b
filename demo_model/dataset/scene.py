"""What is in a picture, before it is drawn or put into words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Thing:
    """One object of a scene, named in the words of `vocabulary`."""

    object: str
    colour: str
    size: str
    position: str
    #: Offset of the centre from the position's anchor, as fractions of the picture's sides.
    shift: tuple[float, float] = (0.0, 0.0)
    #: Factor on the size, near 1.
    scale: float = 1.0

    @property
    def combination(self) -> tuple[str, str, str]:
        """Object, colour and position: the three words that decide whether the thing is held out from training."""
        return (self.object, self.colour, self.position)


@dataclass(frozen=True)
class Scene:
    """One or two things on a ground, in a style; of two, the left or upper one comes first."""

    things: tuple[Thing, ...]
    background: str
    style: str = "flat"

    @property
    def is_pair(self) -> bool:
        """Whether there are two things, rather than one."""
        return len(self.things) > 1
