"""The checker: right about the dataset's own pictures, and hard to please."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from demo_model.dataset.drawing import draw
from demo_model.dataset.random_scene import random_scene
from demo_model.dataset.scene import Scene, Thing
from demo_model.evaluation.checker import check, judge

MUG = Thing("mug", "red", "medium", "left")
SCENE = Scene((MUG,), "yellow")


@pytest.mark.slow
def test_calibrated_on_real_pictures() -> None:
    """On 400 pictures of the dataset every score is at least 99 %."""
    generator = np.random.default_rng(21)
    asked = [random_scene(generator) for _ in range(400)]
    judged = [judge(draw(scene, 128)[0], scene) for scene in asked]
    verdicts = [verdict for judgement in judged for verdict in judgement.things]

    for part in ("object", "colour", "size", "position"):
        assert np.mean([getattr(verdict, part) for verdict in verdicts]) >= 0.99
    assert np.mean([judgement.background for judgement in judged]) >= 0.99


def test_calibrated_on_blurred_pictures() -> None:
    """A slight blur, as of a decoder, changes nothing for at least 97 % of the objects."""
    generator = np.random.default_rng(22)
    asked = [random_scene(generator) for _ in range(100)]
    blurred = [Image.fromarray(draw(scene, 128)[0]).filter(ImageFilter.GaussianBlur(0.8)) for scene in asked]
    verdicts = [v for image, scene in zip(blurred, asked, strict=True) for v in judge(image, scene).things]
    assert np.mean([verdict.object and verdict.colour for verdict in verdicts]) >= 0.97


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("object", replace(MUG, object="lamp")),
        ("colour", replace(MUG, colour="blue")),
        ("size", replace(MUG, size="large")),
        ("position", replace(MUG, position="right")),
    ],
)
def test_refuses_what_was_not_asked_for(part: str, other: Thing) -> None:
    """One thing wrong is one part wrong and the others right."""
    picture, _ = draw(SCENE, 128)
    verdict = judge(picture, Scene((other,), "yellow")).things[0]
    for name in ("object", "colour", "size", "position"):
        assert getattr(verdict, name) == (name != part)


def test_refuses_another_background() -> None:
    """A background of another colour is wrong."""
    picture, _ = draw(SCENE, 128)
    assert not judge(picture, replace(SCENE, background="green")).background


def test_refuses_swapped_colours() -> None:
    """Two objects that wear each other's colours are not right."""
    asked = Scene((MUG, Thing("star", "blue", "medium", "right")), "white")
    swapped = Scene((replace(MUG, colour="blue"), Thing("star", "red", "medium", "right")), "white")
    judgement = judge(draw(swapped, 128)[0], asked)
    assert not any(verdict.object and verdict.colour for verdict in judgement.things)


def test_refuses_a_missing_thing() -> None:
    """A thing that is not there is wrong in every part."""
    picture, _ = draw(SCENE, 128)
    judgement = judge(picture, Scene((MUG, Thing("star", "blue", "medium", "right")), "yellow"))
    assert judgement.things[0].object
    assert not any(vars(judgement.things[1]).values())


def test_refuses_one_thing_too_many() -> None:
    """A picture with more than was asked for has no object right."""
    picture, _ = draw(Scene((MUG, Thing("star", "blue", "medium", "right")), "yellow"), 128)
    assert not judge(picture, SCENE).things[0].object


def test_refuses_blobs_and_noise() -> None:
    """An empty picture shows nothing, and noise shows none of the objects."""
    assert check(np.full((128, 128, 3), 250, dtype=np.uint8)).things == ()
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    assert all(seen.object == "unknown" for seen in check(noise).things)


def test_reads_larger_pictures() -> None:
    """A picture of 256 pixels shows the same as one of 128."""
    assert check(Image.fromarray(draw(SCENE, 256)[0])).things[0].object == "mug"
