"""Names a figure's colour, as its style shows it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion

from demo_model.dataset.drawing import Picture
from demo_model.dataset.styles.neon import glowing
from demo_model.dataset.styles.sketch import pencil
from demo_model.dataset.styles.tones import Tone, deep, edge, light
from demo_model.dataset.vocabulary import COLOURS, DULL, OWN_COLOURS
from demo_model.evaluation.ground import Ground
from demo_model.evaluation.segmentation import Figure, Mask

#: A pixel within this distance of a colour's tone speaks for it (Euclidean, of 255 a channel).
NEAR = 42.0
#: A pixel of a sketch within this distance of a mixture of paper and colour was drawn with that pencil.
BETWEEN = 22.0
#: Pixels of 256 that a style's edge is wide, and the least share of a figure that has to be left within it.
RIMS = {"sketch": 4}
LEAST_CORE = 0.12
#: Styles of plain tones, and how far each of them speaks for its colour: its own, deeper, lighter, deepest, the rim's.
PAINTED = frozenset({"flat", "poster", "pixel art"})
CERTAINTY = np.array((1.0, 0.9, 0.9, 0.8, 0.75), dtype=np.float32)
#: How much of the ground shows through a wash of watercolour.
SHOWS_THROUGH = 0.16
#: A pixel of a sketch nearer to the ground than this says nothing.
BETWEEN_HATCHES = 50.0
#: Pixels that a neon figure's glow is looked at in, around its tubes.
GLOW_REACH = 5


def name_colour(picture: Picture, figure: Figure, ground: Ground, style: str) -> str:
    """The colour of the vocabulary that most of the figure's pixels speak for."""
    if style in OWN_COLOURS:
        return OWN_COLOURS[style]
    if style == "neon":
        return _name_glow(picture, figure, ground)

    core = _core(figure.mask, style)
    if style == "sketch":
        # Between the hatches is mostly paper.
        core = core & (np.linalg.norm(picture - ground.tones, axis=-1) > BETWEEN_HATCHES)
    pixels = picture[core if core.any() else figure.mask].astype(np.float32)
    if style in PAINTED:
        return _name_paint(pixels, ground)
    if style == "sketch":
        return _name_pencil(pixels, ground)
    palette = np.array(list(COLOURS.values()), dtype=np.float32)
    if style == "watercolour":
        palette = palette + SHOWS_THROUGH * (np.median(ground.tones[figure.mask], axis=0) - palette)

    far = np.linalg.norm(pixels[:, None] - palette, axis=-1)
    speaking = np.exp(-((far / NEAR) ** 2)).sum(axis=0)
    best = int(speaking.argmax())
    if speaking[best] < 1e-3 * len(pixels):
        best = int(np.linalg.norm(palette - np.median(pixels, axis=0), axis=1).argmin())
    return list(COLOURS)[best]


def _name_paint(pixels: NDArray[np.float32], ground: Ground) -> str:
    """By which colour explains most pixels with its own tones: those of the shaded and the light parts, and of the rim."""
    paper = ground.tones.mean(axis=(0, 1))
    explained = {}
    for name, levels in COLOURS.items():
        tone = np.array(levels, dtype=np.float32)
        tones = np.stack([tone, deep(tone), light(tone), deep(deep(tone)), edge(tone, paper)])
        far = np.linalg.norm(pixels[:, None] - tones, axis=-1)
        explained[name] = float((np.exp(-((far / NEAR) ** 2)) * CERTAINTY).max(axis=1).mean())
    return max(explained, key=lambda name: explained[name])


def _name_pencil(pixels: NDArray[np.float32], ground: Ground) -> str:
    """By which colour has most pixels, and lies with its outlines and the paper on both sides of most others."""
    paper = ground.tones.mean(axis=(0, 1))
    spoken = {}
    for name, levels in COLOURS.items():
        tone = np.array(levels, dtype=np.float32)
        line = pencil(tone, paper)
        between = np.minimum(_from_segment(pixels, paper, tone), _from_segment(pixels, tone, line))
        own = np.exp(-((np.linalg.norm(pixels - tone, axis=-1) / NEAR) ** 2))
        spoken[name] = float((own + np.exp(-((between / BETWEEN) ** 2))).mean())
    return max(spoken, key=lambda name: spoken[name])


def _from_segment(pixels: NDArray[np.float32], start: Tone, end: Tone) -> NDArray[np.float32]:
    """How far tones are from every mixture of two."""
    way = end - start
    part = ((pixels - start) @ way / max(float(way @ way), 1e-6)).clip(0, 1)
    far: NDArray[np.float32] = np.linalg.norm(pixels - start - part[:, None] * way, axis=-1)
    return far


def _core(mask: Mask, style: str) -> Mask:
    """The figure without its rim, where colours mix or a style draws an edge: less of the rim where little is left."""
    for width in range(RIMS.get(style, 1), 0, -1):
        core: Mask = binary_erosion(mask, iterations=width)
        if core.sum() > LEAST_CORE * mask.sum():
            return core
    return mask


def _name_glow(picture: Picture, figure: Figure, ground: Ground) -> str:
    """By the hue of what lies around the tubes, whose middle is nearly white in any colour."""
    near = binary_dilation(figure.mask, iterations=GLOW_REACH) & ~figure.mask
    added = (picture.astype(np.float32) - ground.tones)[near].mean(axis=0)
    names = [name for name in COLOURS if name not in DULL]
    likeness = [
        _cosine(added, glowing(np.array(COLOURS[name], dtype=np.float32)) - ground.tones.mean(axis=(0, 1)))
        for name in names
    ]
    return names[int(np.argmax(likeness))]


def _cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(one @ other) / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-6)
