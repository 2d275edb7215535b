"""Puts scenes into words, in as many wordings as users choose."""

from __future__ import annotations

import numpy as np

from demo_model.dataset.random_scene import plain_background
from demo_model.dataset.scene import Scene, Thing
from demo_model.dataset.style_wordings import STYLE_FRAMES
from demo_model.dataset.vocabulary import BACKGROUNDS, COLOURS, OWN_COLOURS, OWN_GROUNDS

SIZE_WORDS: dict[str, tuple[str, ...]] = {
    "small": ("small", "small", "little", "tiny"),
    "medium": ("medium", "medium", "medium-sized"),
    "large": ("large", "large", "big", "huge"),
}

POSITION_WORDS: dict[str, tuple[str, ...]] = {
    "left": ("on the left", "on the left", "at the left", "left", "on the left side"),
    "right": ("on the right", "on the right", "at the right", "right", "on the right side"),
    "top": ("at the top", "at the top", "on top", "top", "above"),
    "bottom": ("at the bottom", "at the bottom", "on the bottom", "bottom", "below"),
    "centre": ("in the centre", "in the centre", "in the middle", "in the center", "centre"),
}

COLOUR_WORDS: dict[str, tuple[str, ...]] = {"grey": ("grey", "grey", "gray")}

#: Probability that a caption leaves out a size, the positions or a plain background, where it may.
UNSAID = 0.4
#: Probability that a caption with positions names the second thing first.
OTHER_ORDER = 0.3
#: Probability that the first wording of its style is taken: of flat pictures the one that says nothing about it.
FIRST_FRAME = {"flat": 0.75}
#: Probabilities that no colour and no ground is named for a picture whose style has its own. Any may be named: it
#: changes nothing.
COLOURLESS, GROUNDLESS = 0.6, 0.75
#: Probability that the style is named after the background, where both are.
STYLE_LAST = 0.5


def caption(scene: Scene, generator: np.random.Generator) -> str:
    """Returns one of the many wordings of the scene.

    What a caption leaves out still has one meaning. Without a background it is the plain one (`plain_background`).
    Without positions one thing is in the centre; of two, the first is on the left and the second on the right. Only a
    size that is left out may be any size.
    """
    unsaid_position = _may_leave_out_positions(scene) and generator.random() < UNSAID
    said = [_thing(thing, scene.style, generator, with_position=not unsaid_position) for thing in scene.things]
    if scene.is_pair and not unsaid_position and generator.random() < OTHER_ORDER:
        said.reverse()

    sentence = _join(said, generator)
    frame = _frame(scene.style, generator)
    background = _said_background(scene, generator)
    if background is None:
        return frame.format(sentence)
    if generator.random() < STYLE_LAST:
        return frame.format(_on_background(sentence, background, generator))
    return _on_background(frame.format(sentence), background, generator)


def plain_caption(scene: Scene) -> str:
    """Returns the caption that leaves nothing out, in the one wording that evaluation uses."""
    things = " and ".join(
        f"{_article(thing.size)} {_words(thing, scene.style)} {POSITION_WORDS[thing.position][0]}"
        for thing in scene.things
    )
    if scene.style not in OWN_GROUNDS:
        things = f"{things} on {_article(scene.background)} {scene.background} background"
    return STYLE_FRAMES[scene.style][0].format(things)


def _words(thing: Thing, style: str) -> str:
    """Size, colour and object, without the colour where the style has its own."""
    return " ".join(word for word in (thing.size, "" if style in OWN_COLOURS else thing.colour, thing.object) if word)


def _thing(thing: Thing, style: str, generator: np.random.Generator, *, with_position: bool) -> str:
    size = "" if generator.random() < UNSAID else _pick(SIZE_WORDS[thing.size], generator) + " "
    if style in OWN_COLOURS and generator.random() < COLOURLESS:
        name = f"{_article(size or thing.object)} {size}{thing.object}"
    else:
        colour = _pick(tuple(COLOURS), generator) if style in OWN_COLOURS else thing.colour
        name = _named(thing.object, size, _colour(colour, generator), generator)
    if not with_position:
        return name
    place = _pick(POSITION_WORDS[thing.position], generator)
    return _pick((f"{name} {place}", f"{name} {place}", f"{name}, {place}", f"{name} ({place})"), generator)


def _named(name: str, size: str, colour: str, generator: np.random.Generator) -> str:
    bare = f"{size}{colour} {name}"
    return _pick(
        (
            f"{_article(bare)} {bare}",
            f"{_article(bare)} {bare}",
            f"{_article(bare)} {bare}",
            bare,
            f"{_article(size or name)} {size}{name} that is {colour}",
            f"{_article(size or name)} {size}{name} in {colour}",
        ),
        generator,
    )


def _frame(style: str, generator: np.random.Generator) -> str:
    frames = STYLE_FRAMES[style]
    return frames[0] if generator.random() < FIRST_FRAME.get(style, 0.0) else _pick(frames, generator)


def _said_background(scene: Scene, generator: np.random.Generator) -> str | None:
    """The ground that the caption names, if it does; a style with a ground of its own keeps to it whatever is said."""
    if scene.style in OWN_GROUNDS:
        return None if generator.random() < GROUNDLESS else _pick(tuple(BACKGROUNDS), generator)
    if scene.background == plain_background(scene.things) and generator.random() < UNSAID:
        return None
    return _colour(scene.background, generator)


def _join(said: list[str], generator: np.random.Generator) -> str:
    if len(said) == 1:
        return said[0]
    first, second = said
    return _pick(
        (
            f"{first} and {second}",
            f"{first} and {second}",
            f"{first}, {second}",
            f"{first} with {second}",
            f"two objects: {first}, {second}",
            f"two things: {first} and {second}",
        ),
        generator,
    )


def _on_background(sentence: str, background: str, generator: np.random.Generator) -> str:
    article = _article(background)
    return _pick(
        (
            f"{sentence} on {article} {background} background",
            f"{sentence} on {article} {background} background",
            f"{sentence} on {background}",
            f"{sentence}, {background} background",
            f"{sentence} with {article} {background} background",
            f"{background} background, {sentence}",
        ),
        generator,
    )


def _may_leave_out_positions(scene: Scene) -> bool:
    return [thing.position for thing in scene.things] in (["centre"], ["left", "right"])


def _colour(name: str, generator: np.random.Generator) -> str:
    return _pick(COLOUR_WORDS.get(name, (name,)), generator)


def _article(following: str) -> str:
    return "an" if following.startswith("o") else "a"


def _pick(phrases: tuple[str, ...], generator: np.random.Generator) -> str:
    return phrases[int(generator.integers(len(phrases)))]
