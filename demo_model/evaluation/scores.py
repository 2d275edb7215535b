"""What an evaluation finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scores:
    """Shares of what was asked for that is right, 0 to 1."""

    #: Over every thing in every prompt whose style shows colours.
    colour: float
    #: Over every thing in every prompt.
    object: float
    position: float
    size: float
    #: Over prompts.
    background: float
    style: float
    #: Over prompts with two things: both objects and both their colours.
    both: float


@dataclass(frozen=True)
class Evaluation:
    """The scores, how they came about and the machine that they were measured on."""

    scores: Scores
    prompts: int
    two_thing_prompts: int
    #: Objects drawn wrong at least once, the worst first: (object, times wrong, times asked).
    missed: list[tuple[str, int, int]]
    #: Style names to the share of their prompts that are in the style, and to that of their things that are right.
    styles: dict[str, tuple[float, float]]
    #: How far outlines of single large shapes are from where they belong, in pixels: median and 95th percentile.
    deviation: tuple[float, float]
    seconds_per_image: float
    machine: str
