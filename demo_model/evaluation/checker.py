"""Finds what a picture shows and whether it is what was asked for. Nothing in it is learnt.

Figures are found by colour and named after the dataset's silhouette that covers them best.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import dist, log

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo_model.dataset.scene import Scene, Thing
from demo_model.dataset.silhouettes import SILHOUETTES
from demo_model.dataset.vocabulary import POSITIONS, SIZES
from demo_model.evaluation.segmentation import Figure, Mask, find_figures

#: Side in cells of the square that figures and silhouettes are compared in.
GRID = 48
#: Least share of common cells (intersection over union) at which a figure counts as one of the objects.
LEAST_OVERLAP = 0.6
#: A figure larger or smaller than every size by more than this factor is no object either.
MOST_MISFIT = 1.35

#: The name of a figure that is none of the objects.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Seen:
    """One figure in a picture, in the words of the vocabulary, and how well its best silhouette covers it, 0 to 1."""

    object: str
    colour: str
    size: str
    position: str
    overlap: float


@dataclass(frozen=True)
class Sighting:
    """What a picture shows."""

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
    """Verdicts on the scene's things, in its order, and whether the background has the colour asked for."""

    things: tuple[Verdict, ...]
    background: bool


def check(image: Image.Image | NDArray[np.uint8]) -> Sighting:
    """Returns what the picture shows: a Pillow image or uint8 sRGB [side, side, 3] of at least 96 pixels a side."""
    picture = np.asarray(image.convert("RGB") if isinstance(image, Image.Image) else image)
    background, figures = find_figures(picture)
    return Sighting(background, tuple(_look_at(figure) for figure in figures))


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
    return Judgement(verdicts, sighting.background == scene.background)


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


def _look_at(figure: Figure) -> Seen:
    rows, columns = np.flatnonzero(figure.mask.any(axis=1)), np.flatnonzero(figure.mask.any(axis=0))
    height, width = rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]
    centre = ((columns[0] + columns[-1] + 1) / 2, (rows[0] + rows[-1] + 1) / 2)
    side = len(figure.mask)

    cells = _in_square(figure.mask, centre, max(height, width) / 2)
    overlaps = {name: _overlap(cells, silhouette) for name, silhouette in _silhouettes().items()}
    best = max(overlaps, key=lambda name: overlaps[name])

    radius = max(height, width) / 2 / side
    misfits = {name: abs(log(size / radius)) for name, size in SIZES.items()}
    size = min(misfits, key=lambda name: misfits[name])
    known = overlaps[best] >= LEAST_OVERLAP and misfits[size] <= log(MOST_MISFIT)
    return Seen(
        object=best if known else UNKNOWN,
        colour=figure.colour,
        size=size,
        position=min(POSITIONS, key=lambda name: dist(POSITIONS[name], (centre[0] / side, centre[1] / side))),
        overlap=overlaps[best],
    )


@cache
def _silhouettes() -> dict[str, Mask]:
    """Every object's silhouette, its box centred and as large as the square, bool [48, 48]."""
    fine = 8 * GRID
    along = ((np.arange(fine) + 0.5) / fine * 2 - 1).astype(np.float32) * np.float32(1.1)
    x, y = np.meshgrid(along, along)
    masks = {}
    for name, silhouette in SILHOUETTES.items():
        mask = silhouette(x, y) <= 0
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        centre = ((columns[0] + columns[-1] + 1) / 2, (rows[0] + rows[-1] + 1) / 2)
        masks[name] = _in_square(mask, centre, max(np.ptp(rows), np.ptp(columns)) / 2 + 0.5)
    return masks


def _in_square(mask: Mask, centre: tuple[float, float], radius: float) -> Mask:
    """The mask around the centre (x, y), sampled so that `radius` pixels fill half of the square, bool [48, 48]."""
    steps = ((np.arange(GRID) + 0.5) / GRID * 2 - 1) * radius
    columns = np.floor(centre[0] + steps).astype(int)
    rows = np.floor(centre[1] + steps).astype(int)
    inside = ((rows >= 0) & (rows < len(mask)))[:, None] & ((columns >= 0) & (columns < mask.shape[1]))[None]
    sampled: Mask = mask[np.clip(rows, 0, len(mask) - 1)][:, np.clip(columns, 0, mask.shape[1] - 1)] & inside
    return sampled


def _overlap(one: Mask, other: Mask) -> float:
    """Intersection over union."""
    return float((one & other).sum() / max((one | other).sum(), 1))
