"""What an evaluation finds."""

from __future__ import annotations

from dataclasses import dataclass

from demo_model.dataset.scene import Scene
from demo_model.dataset.vocabulary import OWN_COLOURS
from demo_model.evaluation.checker import Judgement


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


def score(scenes: list[Scene], judgements: list[Judgement]) -> Scores:
    """Returns which share of what was asked for is right, part by part."""
    verdicts = [verdict for judgement in judgements for verdict in judgement.things]
    coloured = [each for scene, each in zip(scenes, judgements, strict=True) if scene.style not in OWN_COLOURS]
    pairs = [judgement.things for judgement in judgements if len(judgement.things) > 1]
    return Scores(
        colour=share([verdict.colour for judgement in coloured for verdict in judgement.things]),
        object=share([verdict.object for verdict in verdicts]),
        position=share([verdict.position for verdict in verdicts]),
        size=share([verdict.size for verdict in verdicts]),
        background=share([judgement.background for judgement in judgements]),
        style=share([judgement.style for judgement in judgements]),
        both=share([all(verdict.object and verdict.colour for verdict in pair) for pair in pairs]),
    )


def share(right: list[bool]) -> float:
    """How many of them are right, 0 to 1; 0 of none."""
    return sum(right) / max(len(right), 1)
