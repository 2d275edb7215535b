"""Measures how clean outlines are: how far those of a flat shape are from the dataset's own, in pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion
from scipy.optimize import minimize

from demo_model.dataset.drawing import Picture
from demo_model.dataset.objects.distances import crossings, distances
from demo_model.dataset.objects.geometric import GEOMETRIC
from demo_model.dataset.scene import Scene, Thing
from demo_model.evaluation.ground import find_ground
from demo_model.evaluation.segmentation import find_figures

#: Pixels around a figure in which its outline is looked for.
AROUND = 4
#: Deviation where there is no figure at all.
MISSING = 99.0


def large_shapes() -> list[Scene]:
    """The scenes that are measured: every geometric shape alone and large, on grounds near and far from its colour."""
    colours = (("red", "white"), ("blue", "yellow"), ("white", "purple"))
    return [
        Scene((Thing(name, colour, "large", "centre"),), background)
        for name in GEOMETRIC
        for colour, background in colours
    ]


def outline_deviation(picture: Picture, name: str) -> NDArray[np.float64]:
    """Distances in pixels of the picture's largest figure's outline from the object's, laid where it fits best."""
    ground = find_ground(picture)
    figures = find_figures(picture, ground, "flat")
    if not figures:
        return np.array([MISSING])
    figure = figures[0]

    core = binary_erosion(figure.mask, iterations=3)
    tones = picture.astype(np.float32)
    contrast = np.median(tones[core if core.any() else figure.mask], axis=0) - np.median(tones[0], axis=0)
    inside = ((tones - np.median(tones[0], axis=0)) @ contrast) / max(float(contrast @ contrast), 1.0)
    near = binary_dilation(figure.filled, iterations=AROUND)
    outline = np.where(near, np.float32(0.5) - inside, np.float32(0.5)).astype(np.float32)
    points = crossings(outline, np.arange(len(picture), dtype=np.float32) + np.float32(0.5))

    def off(place: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y, radius = place
        x_at, y_at = ((points[:, axis] - middle) / radius for axis, middle in ((0, x), (1, y)))
        deviation: NDArray[np.float64] = np.abs(
            distances(name).read(x_at.astype(np.float32), y_at.astype(np.float32))[0] * radius
        )
        return deviation

    start = np.array([*figure.centre, figure.radius])
    fitted = minimize(lambda place: float(off(place).mean()), start, method="Nelder-Mead", options={"maxiter": 120})
    deviations: NDArray[np.float64] = off(fitted.x)
    return deviations


def median_and_tail(deviations: list[NDArray[np.float64]]) -> tuple[float, float]:
    """Median and 95th percentile over all points of all outlines."""
    joined = np.concatenate(deviations)
    return float(np.median(joined)), float(np.percentile(joined, 95))
