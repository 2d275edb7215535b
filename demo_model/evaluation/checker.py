"""Finds what a picture shows and whether it is what was asked for. Nothing in it is learnt.

The ground says the background and, with traits of the figures, the style; figures are what differs from the ground, and
are named after the object of the dataset that they look like most.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import dist, log

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo_model.dataset.drawing import DESIGN_SIZE, Picture, largest_radius
from demo_model.dataset.scene import Scene, Thing
from demo_model.dataset.styles.pixel_art import SQUARE
from demo_model.dataset.vocabulary import POSITIONS, SIZES
from demo_model.evaluation.figure_colour import name_colour
from demo_model.evaluation.ground import Ground, find_ground
from demo_model.evaluation.segmentation import Figure, find_figures
from demo_model.evaluation.silhouettes import name_lines, name_solid
from demo_model.evaluation.style_traits import measure, name_style

#: Least likeness at which a painted figure and a drawn one count as one of the objects.
LEAST_OVERLAP, LEAST_FIT = 0.6, 0.35
#: A figure larger or smaller than every size by more than this factor is no object either.
MOST_MISFIT = 1.4
#: Pixels of 256 that a style draws beyond outlines.
BEYOND = {"pixel art": SQUARE / 2}
#: Styles of lines.
DRAWN = frozenset({"line art", "blueprint", "neon"})

#: The name of a figure that is none of the objects.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Seen:
    """One figure in a picture, in the words of the vocabulary, and how much it looks like its object, 0 to 1."""

    object: str
    colour: str
    size: str
    position: str
    likeness: float


@dataclass(frozen=True)
class Sighting:
    """What a picture shows."""

    #: None where ground and figures are of different styles.
    style: str | None
    background: str
    things: tuple[Seen, ...]


@dataclass(frozen=True)
class Verdict:
    """Whether one thing that was asked for is there, part by part. All parts of a thing that is missing are wrong."""

    object: bool
    colour: bool
    size: bool
    position: bool


@dataclass(frozen=True)
class Judgement:
    """Verdicts on the scene's things, in its order, and whether background and style are those asked for."""

    things: tuple[Verdict, ...]
    background: bool
    style: bool


def check(image: Image.Image | NDArray[np.uint8]) -> Sighting:
    """Returns what the picture shows: a Pillow image or uint8 sRGB [side, side, 3] of at least 96 pixels a side."""
    picture = np.asarray(image.convert("RGB") if isinstance(image, Image.Image) else image)
    ground = find_ground(picture)
    figures = find_figures(picture, ground, ground.style)
    if not figures:
        return Sighting(None, ground.background, ())

    style = name_style(measure(picture, ground, figures), ground)
    drawn_as = style or ground.style
    alone = len(figures) == 1
    things = tuple(_look_at(figure, picture, ground, drawn_as, alone=alone) for figure in figures)
    return Sighting(style, ground.background, things)


def judge(image: Image.Image | NDArray[np.uint8], scene: Scene) -> Judgement:
    """Returns how far the picture shows the scene.

    Each thing asked for is compared with a figure of its own, in the pairing in which most parts agree. Where there are
    more figures than things asked for, no object is right: a picture of everything would otherwise fit any prompt.
    """
    sighting = check(image)
    crowded = len(sighting.things) > len(scene.things)
    verdicts = max(
        (
            tuple(_verdict(seen, thing, crowded=crowded) for seen, thing in pairs)
            for pairs in _pairings(sighting, scene)
        ),
        key=lambda found: sum(v.object + v.colour + v.size + v.position for v in found),
    )
    return Judgement(verdicts, sighting.background == scene.background, sighting.style == scene.style)


def _pairings(sighting: Sighting, scene: Scene) -> list[list[tuple[Seen | None, Thing]]]:
    """Every way to pair the scene's things, one or two, with different figures or with none."""
    figures: list[Seen | None] = [*sighting.things, None]
    if len(scene.things) == 1:
        return [[(seen, scene.things[0])] for seen in figures]
    first, second = scene.things
    return [[(one, first), (other, second)] for one in figures for other in figures if one is not other or one is None]


def _verdict(seen: Seen | None, thing: Thing, *, crowded: bool) -> Verdict:
    if seen is None:
        return Verdict(object=False, colour=False, size=False, position=False)
    return Verdict(
        object=seen.object == thing.object and not crowded,
        colour=seen.colour == thing.colour,
        size=seen.size == thing.size,
        position=seen.position == thing.position,
    )


def _look_at(figure: Figure, picture: Picture, ground: Ground, style: str, *, alone: bool) -> Seen:
    lines = style in DRAWN
    side = len(picture)
    rim = BEYOND.get(style, 0.0) * side / DESIGN_SIZE
    name, likeness = name_lines(figure) if lines else name_solid(figure, rim)

    place = (figure.centre[0] / side, figure.centre[1] / side)
    position = min(POSITIONS, key=lambda known: dist(POSITIONS[known], place))
    radii = {known: largest_radius(known, position, paired=not alone) for known in SIZES}
    misfits = {known: abs(log(radius / ((figure.radius - rim) / side))) for known, radius in radii.items()}
    size = min(misfits, key=lambda known: misfits[known])

    known = likeness >= (LEAST_FIT if lines else LEAST_OVERLAP) and misfits[size] <= log(MOST_MISFIT)
    return Seen(
        object=name if known else UNKNOWN,
        colour=name_colour(picture, figure, ground, style),
        size=size,
        position=position,
        likeness=likeness,
    )
