"""The picture book's data: scenes, captions and pictures."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from demo_model.dataset.captions import caption, plain_caption
from demo_model.dataset.drawing import draw, draw_ground, largest_radius
from demo_model.dataset.evaluation_scenes import evaluation_scenes
from demo_model.dataset.held_out import is_for_training, is_held_out
from demo_model.dataset.objects.distances import FINE, PLANE, REACH, SAMPLES, distances
from demo_model.dataset.random_scene import random_scene
from demo_model.dataset.scene import Scene, Thing
from demo_model.dataset.style_wordings import STYLE_FRAMES
from demo_model.dataset.vocabulary import (
    BACKGROUNDS,
    COLOURS,
    OBJECTS,
    OWN_COLOURS,
    OWN_GROUNDS,
    POSITIONS,
    SIZES,
    STYLES,
)

#: Distance of a pixel that has another colour, of 255 a channel.
NEAR = 20


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
        np.testing.assert_array_equal(draw(scene, 256)[0], draw(scene, 256)[0])


@pytest.mark.parametrize("size", [128, 256])
def test_masks_agree_with_flat_pixels(size: int) -> None:
    """Well outside all masks a flat picture is its ground, and most of each mask has the thing's colour."""
    for scene in (replace(scene, style="flat") for scene in scenes(20) if scene.style not in OWN_GROUNDS):
        picture, masks = draw(scene, size)
        assert picture.shape == (size, size, 3)
        assert masks.shape == (len(scene.things), size, size)
        assert masks.sum(axis=0).max() == 1
        for mask, thing in zip(masks, scene.things, strict=True):
            off = np.linalg.norm(picture[mask].astype(int) - COLOURS[thing.colour], axis=1)
            assert (off < NEAR).mean() > 0.35
        outer = picture[~binary_dilation(np.logical_or.reduce(masks), iterations=2)].astype(int)
        assert np.abs(outer - BACKGROUNDS[scene.background]).max() == 0


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_has_its_size_and_place(name: str) -> None:
    """An object's longer side is twice its size's radius and its box stands on the position's anchor."""
    for size, position in itertools.product(SIZES, POSITIONS):
        _, masks = draw(Scene((Thing(name, "red", size, position),), "white"), 256)
        rows, columns = np.flatnonzero(masks[0].any(axis=1)), np.flatnonzero(masks[0].any(axis=0))
        longest = max(np.ptp(rows), np.ptp(columns)) + 1
        assert longest == pytest.approx(2 * largest_radius(size, position, paired=False) * 256, abs=3)
        assert (columns[0] + columns[-1] + 1) / 512 == pytest.approx(POSITIONS[position][0], abs=0.012)
        assert (rows[0] + rows[-1] + 1) / 512 == pytest.approx(POSITIONS[position][1], abs=0.012)


@pytest.mark.parametrize("name", OBJECTS)
def test_distances_are_those_of_a_plane(name: str) -> None:
    """Between neighbouring samples the distance from an outline changes by their distance, or less.

    Right at an outline, which is known by points, it may be wrong by half of what is between two of them.
    """
    table = distances(name).table[:, 0].reshape(SAMPLES, SAMPLES)
    step = 2 * REACH / (SAMPLES - 1)
    for axis in (0, 1):
        assert np.abs(np.diff(table, axis=axis)).max() < step + PLANE / FINE
    assert np.median(np.hypot(*np.gradient(table, step))) == pytest.approx(1, abs=0.02)


def test_things_stand_out_in_every_style() -> None:
    """Each style draws something else, and the things are seen on its ground."""
    thing = Thing("mug", "red", "large", "centre")
    pictures = {}
    for style in STYLES:
        pictures[style], masks = draw(Scene((thing,), "yellow", style), 256)
        inside = np.linalg.norm(pictures[style] - draw_ground(style, "yellow", 256), axis=-1)[masks[0]]
        assert (inside > NEAR).mean() > 0.1, style
    for one, other in itertools.combinations(STYLES, 2):
        assert np.abs(pictures[one].astype(int) - pictures[other]).mean() > 1, (one, other)


def test_colours_are_far_apart() -> None:
    """Any two colours can be told apart, so that every object is seen on every background."""
    for one, other in itertools.combinations(COLOURS.values(), 2):
        assert np.linalg.norm(np.subtract(one, other)) >= 95


def test_the_world_is_as_large_as_promised() -> None:
    """Twelve colours and backgrounds, 24 objects, nine styles, three sizes, five positions."""
    world = (COLOURS, BACKGROUNDS, OBJECTS, STYLES, SIZES, POSITIONS)
    assert tuple(map(len, world)) == (12, 12, 24, 9, 3, 5)


def test_captions_name_what_is_drawn() -> None:
    """Every wording names each thing's object, its colour where the style shows it, and every style but the flat one."""
    generator = np.random.default_rng(11)
    for scene in scenes(300):
        said = caption(scene, generator).replace("gray", "grey")
        for thing in scene.things:
            assert thing.object in said
            assert thing.colour in said or scene.style in OWN_COLOURS
        unstyled = caption(replace(scene, style="flat"), generator)
        assert scene.style == "flat" or said != unstyled


def test_every_style_has_wordings_of_its_own() -> None:
    """No frame stands for two styles, and each has one place for the rest of the caption."""
    assert tuple(STYLE_FRAMES) == STYLES
    frames = [frame for style in STYLES for frame in STYLE_FRAMES[style]]
    assert len(set(frames)) == len(frames)
    assert all(frame.count("{}") == 1 for frame in frames)


def test_captions_are_varied() -> None:
    """One scene can be asked for in many ways."""
    generator = np.random.default_rng(0)
    scene = Scene((Thing("mug", "red", "large", "left"),), "yellow")
    assert len({caption(scene, generator) for _ in range(200)}) > 50


def test_the_plain_caption_says_everything() -> None:
    """The plain caption is the sentence that the documentation shows; a style frames it."""
    scene = Scene((Thing("mug", "red", "large", "left"), Thing("star", "blue", "small", "right")), "yellow")
    assert plain_caption(scene) == (
        "a large red mug on the left and a small blue star on the right on a yellow background"
    )
    assert plain_caption(replace(scene, style="sketch")).startswith("a sketch of a large red mug on the left")


def test_held_out_split_is_disjoint() -> None:
    """No combination is in both parts, and about a tenth of all of them is held out."""
    generator = np.random.default_rng(5)
    seen = {thing.combination for _ in range(500) for thing in random_scene(generator, is_for_training).things}
    asked = {thing.combination for scene in evaluation_scenes(200, seed=5) for thing in scene.things}
    assert not seen & asked
    assert {name for name, _, _ in asked} == set(OBJECTS)

    everything = [
        Thing(name, colour, "small", position)
        for name, colour, position in itertools.product(OBJECTS, COLOURS, POSITIONS)
    ]
    assert 0.07 < sum(map(is_held_out, everything)) / len(everything) < 0.13
