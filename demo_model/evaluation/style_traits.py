"""Names a picture's style by what can be measured on its figures: how open they are, how square, and what their rims are.

Styles with a ground of their own are known by it (`ground`). A picture is in such a style only if its figures are too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_dilation, binary_erosion, gaussian_filter

from demo_model.dataset.drawing import DESIGN_SIZE, Picture
from demo_model.dataset.styles.pixel_art import SQUARE
from demo_model.dataset.styles.sketch import HATCH
from demo_model.dataset.styles.tones import Tone, edge
from demo_model.evaluation.ground import PLAIN_GROUND, Ground
from demo_model.evaluation.segmentation import Figure, Mask

#: A pixel nearer to the ground than this looks as if nothing were drawn there; a blueprint's insides and what is within
#: neon tubes are a little lighter.
LIKE_GROUND = {"blueprint": 80.0, "neon": 110.0}
USUALLY_LIKE_GROUND = 34.0
#: A pixel within this distance of ink counts as ink, and one between these parts of the ground's brightness as shadow.
LIKE_INK = 60.0
DARKEST, FAINTEST = 0.5, 0.95
#: Least openness of lines and of neon, whose glow fills the narrow places, and least squareness of pixel art.
OPEN, BETWEEN_TUBES, SQUARE_STEPS = 0.33, 0.02, 0.25
#: Least measures of a poster, a sketch, a product photo and neon; least and most texture of a watercolour.
EDGED, HATCHED, SHADOWED, GLOWING = 0.55, 14.0, 0.12, 12.0
GRAINED = (1.2, 20.0)


@dataclass(frozen=True)
class Traits:
    """Measures of the figures in a picture, all of them together."""

    #: Share of the figures' insides that looks like the ground.
    openness: float
    #: How much more brightness steps lie on a grid of pixel art's squares than off it, along either side, -1 to 1.
    squareness: float
    #: How wide the figures' edges of ink or paper are, in pixels.
    edged: float
    #: How much the insides change within a few pixels, of 255.
    texture: float
    #: How strong the waves of a sketch's hatching are in the insides, of 255.
    hatching: float
    #: How much light is around the figures, of 255.
    glow: float
    #: Share of the surroundings that is in the shadow of the figures.
    shadow: float


def name_style(traits: Traits, ground: Ground) -> str | None:
    """The style of figures with these traits on this ground, or None where they do not go together."""
    if ground.style in PLAIN_GROUND:
        if traits.openness > OPEN:
            return "line art"
        return "pixel art" if traits.squareness > SQUARE_STEPS else "flat"
    fits = {
        "blueprint": traits.openness > OPEN,
        "neon": traits.openness > BETWEEN_TUBES and traits.glow > GLOWING,
        "poster": traits.edged > EDGED,
        "sketch": traits.hatching > HATCHED,
        "product photo": traits.shadow > SHADOWED,
        "watercolour": GRAINED[0] < traits.texture < GRAINED[1] and traits.squareness < SQUARE_STEPS,
    }
    return ground.style if fits[ground.style] else None


def measure(picture: Picture, ground: Ground, figures: list[Figure]) -> Traits:
    """The traits of the picture's figures, of which there is at least one."""
    unit = len(picture) / DESIGN_SIZE
    tones = picture.astype(np.float32)
    added = np.linalg.norm(tones - ground.tones, axis=-1)
    filled: Mask = np.logical_or.reduce([figure.filled for figure in figures])
    drawn: Mask = np.logical_or.reduce([figure.mask for figure in figures])

    inside = binary_erosion(filled, iterations=max(round(3 * unit), 1))
    inside = inside if inside.any() else filled
    around = binary_dilation(drawn, iterations=max(round(6 * unit), 2)) & ~binary_dilation(drawn, iterations=1)
    return Traits(
        openness=float((added[inside] < LIKE_GROUND.get(ground.style, USUALLY_LIKE_GROUND)).mean()),
        squareness=_squareness(tones, filled, round(SQUARE * unit)),
        edged=float(np.mean([_edged(tones, figure, ground) for figure in figures])),
        texture=float(np.abs(tones - gaussian_filter(tones, (2.5, 2.5, 0))).mean(axis=-1)[inside].mean()),
        hatching=_hatching(tones, inside),
        glow=float((tones - ground.tones).mean(axis=-1)[around].mean()) if around.any() else 0.0,
        shadow=_shadow(tones, ground, filled, unit),
    )


def _squareness(tones: Tone, filled: Mask, side: int) -> float:
    """Brightness steps on the grid less those half a square off it, over all; a blur moves none so far."""
    near = binary_dilation(filled, iterations=2)
    across = (np.abs(np.diff(tones, axis=1)).sum(axis=-1) * near[:, 1:]).sum(axis=0)
    down = (np.abs(np.diff(tones, axis=0)).sum(axis=-1) * near[1:]).sum(axis=1)
    return min(
        float(steps[side - 1 :: side].sum() - steps[side // 2 - 1 :: side].sum()) / max(float(steps.sum()), 1.0)
        for steps in (across, down)
    )


def _hatching(tones: Tone, inside: Mask) -> float:
    rows, columns = np.nonzero(inside)
    wave = np.exp(2j * np.pi * (rows + columns) / HATCH)
    painted = tones[rows, columns]
    return float(np.linalg.norm(2 * np.abs(wave @ (painted - painted.mean(axis=0))) / len(rows)))


def _edged(tones: Tone, figure: Figure, ground: Ground) -> float:
    around = binary_dilation(figure.mask, iterations=2)
    band = around & ~binary_erosion(figure.mask, iterations=5)
    core = binary_erosion(figure.mask, iterations=6)
    middle = np.median(tones[core if core.any() else figure.mask], axis=0)
    ink = edge(middle, ground.tones.mean(axis=(0, 1)))
    length = np.count_nonzero(figure.mask & ~binary_erosion(figure.mask))
    return float((np.linalg.norm(tones[band] - ink, axis=-1) < LIKE_INK).sum()) / max(float(length), 1.0)


def _shadow(tones: Tone, ground: Ground, filled: Mask, unit: float) -> float:
    around = binary_dilation(filled, iterations=max(round(10 * unit), 3)) & ~binary_dilation(filled, iterations=1)
    kept = tones[around].mean(axis=-1) / ground.tones[around].mean(axis=-1)
    return float(((kept < FAINTEST) & (kept > DARKEST)).mean()) if around.any() else 0.0
