"""The picture book's data: scenes, captions and pictures."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from demo_model.dataset.captions import caption, plain_caption
from demo_model.dataset.drawing import draw
from demo_model.dataset.evaluation_scenes import evaluation_scenes
from demo_model.dataset.held_out import is_for_training, is_held_out
from demo_model.dataset.random_scene import random_scene
from demo_model.dataset.scene import Scene, Thing
from demo_model.dataset.vocabulary import BACKGROUNDS, COLOURS, OBJECTS, POSITIONS, SIZES

#: Most that a pixel beside a concave corner of an outline may differ from the full colour, of 255.
ANTI_ALIASING = 100


def scenes(count: int, seed: int = 7) -> Iterator[Scene]:
    generator = np.random.default_rng(seed)
    for _ in range(count):
        yield random_scene(generator)


def test_same_seed_same_scenes_and_captions() -> None:
    """The same seed gives the same scenes in the same words."""
    told = [
        [caption(random_scene(generator), generator) for _ in range(50)]
        for generator in (np.random.default_rng(3), np.random.default_rng(3))
    ]
    assert told[0] == told[1]


def test_a_scene_always_draws_the_same() -> None:
    """Drawing has no randomness of its own."""
    for scene in scenes(10):
        np.testing.assert_array_equal(draw(scene, 128)[0], draw(scene, 128)[0])


def test_masks_agree_with_pixels() -> None:
    """Well inside a mask is the thing's colour, well outside all masks the background's; masks never overlap."""
    for scene in scenes(40):
        picture, masks = draw(scene, 128)
        assert picture.shape == (128, 128, 3)
        assert masks.shape == (len(scene.things), 128, 128)
        assert masks.sum(axis=0).max() == 1
        for mask, thing in zip(masks, scene.things, strict=True):
            inner = picture[~grown(~mask)].astype(int)
            assert len(inner) > 0
            assert np.abs(inner - COLOURS[thing.colour]).max() <= ANTI_ALIASING
        outer = picture[~grown(grown(np.logical_or.reduce(masks)))].astype(int)
        assert np.abs(outer - BACKGROUNDS[scene.background]).max() <= ANTI_ALIASING


def grown(mask: np.ndarray) -> np.ndarray:
    """The mask and its eight neighbours all round."""
    padded = np.pad(mask, 1)
    wider: np.ndarray = np.logical_or.reduce([padded[y : y + 128, x : x + 128] for y in range(3) for x in range(3)])
    return wider


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_has_its_size_and_place(name: str) -> None:
    """An object's longer side is twice its size's radius and its box stands on the position's anchor."""
    for size, position in itertools.product(SIZES, POSITIONS):
        _, masks = draw(Scene((Thing(name, "red", size, position),), "white"), 256)
        rows, columns = np.flatnonzero(masks[0].any(axis=1)), np.flatnonzero(masks[0].any(axis=0))
        longest = max(np.ptp(rows), np.ptp(columns)) + 1
        assert longest == pytest.approx(2 * SIZES[size] * 256, abs=3)
        assert (columns[0] + columns[-1] + 1) / 512 == pytest.approx(POSITIONS[position][0], abs=0.012)
        assert (rows[0] + rows[-1] + 1) / 512 == pytest.approx(POSITIONS[position][1], abs=0.012)


def test_colours_are_far_apart() -> None:
    """Any two colours can be told apart, so that every object is seen on every background."""
    for one, other in itertools.combinations(COLOURS.values(), 2):
        assert np.linalg.norm(np.subtract(one, other)) >= 95


def test_the_world_is_as_large_as_promised() -> None:
    """Twelve colours and backgrounds, sixteen objects, three sizes, five positions."""
    assert (len(COLOURS), len(BACKGROUNDS), len(OBJECTS), len(SIZES), len(POSITIONS)) == (12, 12, 16, 3, 5)


def test_captions_name_what_is_drawn() -> None:
    """Every wording names each thing's object and colour."""
    generator = np.random.default_rng(11)
    for scene in scenes(300):
        said = caption(scene, generator).replace("gray", "grey")
        for thing in scene.things:
            assert thing.object in said
            assert thing.colour in said


def test_captions_are_varied() -> None:
    """One scene can be asked for in many ways."""
    generator = np.random.default_rng(0)
    scene = Scene((Thing("mug", "red", "large", "left"),), "yellow")
    assert len({caption(scene, generator) for _ in range(200)}) > 50


def test_the_plain_caption_says_everything() -> None:
    """The plain caption is the sentence that the documentation shows."""
    scene = Scene((Thing("mug", "red", "large", "left"), Thing("star", "blue", "small", "right")), "yellow")
    assert plain_caption(scene) == (
        "a large red mug on the left and a small blue star on the right on a yellow background"
    )


def test_held_out_split_is_disjoint() -> None:
    """No combination is in both parts, and about a tenth of all of them is held out."""
    generator = np.random.default_rng(5)
    seen = {thing.combination for _ in range(500) for thing in random_scene(generator, is_for_training).things}
    asked = {thing.combination for scene in evaluation_scenes(100, seed=5) for thing in scene.things}
    assert not seen & asked

    everything = [
        Thing(name, colour, "small", position)
        for name, colour, position in itertools.product(OBJECTS, COLOURS, POSITIONS)
    ]
    assert 0.07 < sum(map(is_held_out, everything)) / len(everything) < 0.13
