"""The words of the picture book's world and what each of them means in a picture."""

from __future__ import annotations

from demo_model.dataset.objects.catalogue import SHAPES
from demo_model.dataset.styles.catalogue import STYLES as PAINTERS

#: Colour names to sRGB. Any two are at least 95 apart (Euclidean, of 255 a channel), so each is visible on every other.
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (215, 25, 45),
    "orange": (240, 120, 20),
    "yellow": (255, 230, 40),
    "green": (35, 140, 60),
    "turquoise": (60, 205, 195),
    "blue": (30, 80, 210),
    "purple": (125, 40, 160),
    "pink": (250, 150, 200),
    "brown": (120, 70, 35),
    "black": (25, 25, 30),
    "white": (250, 250, 245),
    "grey": (140, 140, 145),
}

#: A background has any of the colours, except those of the objects on it.
BACKGROUNDS: dict[str, tuple[int, int, int]] = dict(COLOURS)

#: Colours that do not glow.
DULL = frozenset({"black", "grey", "brown"})

#: The geometric shapes first, then the everyday things.
OBJECTS: tuple[str, ...] = tuple(SHAPES)

#: The default style first.
STYLES: tuple[str, ...] = tuple(PAINTERS)

#: Styles that have a colour and a ground of their own, whatever is asked for: tubes and lines alone keep to them.
OWN_COLOURS: dict[str, str] = {"blueprint": "white"}
OWN_GROUNDS: dict[str, str] = {"blueprint": "blue", "neon": "black"}

#: Size names to half the object's longer side, as a fraction of the picture's side.
SIZES: dict[str, float] = {"small": 0.13, "medium": 0.175, "large": 0.225}

#: Position names to the object's centre (x to the right, y downwards), as fractions of the picture's sides.
POSITIONS: dict[str, tuple[float, float]] = {
    "left": (0.25, 0.5),
    "right": (0.75, 0.5),
    "top": (0.5, 0.25),
    "bottom": (0.5, 0.75),
    "centre": (0.5, 0.5),
}

#: Where two objects stand: always opposite each other, so that they never touch.
PAIRS: tuple[tuple[str, str], ...] = (("left", "right"), ("top", "bottom"))
