"""The model as it ships: stock classes, small, quick, and true to its prompts."""

from __future__ import annotations

from dataclasses import replace

import diffusers
import numpy as np
import pytest
import torch
from diffusers import (
    DiffusionPipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
)
from PIL import Image

from demo_model.dataset.captions import plain_caption
from demo_model.dataset.drawing import draw
from demo_model.dataset.evaluation_scenes import evaluation_scenes
from demo_model.dataset.scene import Scene, Thing
from demo_model.dataset.vocabulary import OWN_COLOURS, OWN_GROUNDS, STYLES
from demo_model.evaluation.checker import check, judge
from demo_model.generative_model.pipeline import render
from demo_model.settings import GUIDANCE, STEPS, WEIGHTS_FOLDER

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning:diffusers", "ignore::DeprecationWarning")

MEGABYTE = 1_000_000
LARGEST = 24 * MEGABYTE

SCHEDULERS = (
    "DDIMScheduler",
    "DDPMScheduler",
    "DEISMultistepScheduler",
    "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler",
    "EulerAncestralDiscreteScheduler",
    "EulerDiscreteScheduler",
    "HeunDiscreteScheduler",
    "PNDMScheduler",
    "UniPCMultistepScheduler",
)


@pytest.fixture(scope="module")
def pipeline() -> StableDiffusionPipeline:
    """The model, loaded as anyone would load it."""
    loaded = DiffusionPipeline.from_pretrained(WEIGHTS_FOLDER, dtype=torch.float32, use_safetensors=True)
    loaded.set_progress_bar_config(disable=True)
    return loaded


def test_is_a_stock_pipeline(pipeline: StableDiffusionPipeline) -> None:
    """The folder loads as diffusers' own class, without custom code."""
    assert type(pipeline) is StableDiffusionPipeline
    assert not list(WEIGHTS_FOLDER.rglob("*.py"))


def test_is_small() -> None:
    """All files of the model together are at most 24 MB."""
    assert sum(path.stat().st_size for path in WEIGHTS_FOLDER.rglob("*") if path.is_file()) <= LARGEST


def test_default_settings_are_quick() -> None:
    """A picture takes at most 16 steps by default."""
    assert STEPS <= 16


@pytest.mark.slow
def test_draws_what_held_out_prompts_ask_for(pipeline: StableDiffusionPipeline) -> None:
    """Of 24 held-out prompts' objects at least four in five have the right object, colour and position; so do styles."""
    asked = evaluation_scenes(24, seed=99)
    pictures = render(pipeline, [plain_caption(scene) for scene in asked], range(24))
    judged = [judge(picture, scene) for picture, scene in zip(pictures, asked, strict=True)]
    verdicts = [verdict for judgement in judged for verdict in judgement.things]
    assert np.mean([v.object and v.colour and v.position for v in verdicts]) >= 0.8
    assert np.mean([judgement.style for judgement in judged]) >= 0.8


@pytest.mark.slow
def test_each_style_is_seen_at_once(pipeline: StableDiffusionPipeline) -> None:
    """A mug asked for in every style is a mug in that style, in at least eight of nine."""
    mug = Thing("mug", "red", "large", "centre")
    asked = [
        Scene((replace(mug, colour=OWN_COLOURS.get(style, "red")),), OWN_GROUNDS.get(style, "white"), style)
        for style in STYLES
    ]
    pictures = render(pipeline, [plain_caption(scene) for scene in asked], range(len(asked)))
    judged = [judge(picture, scene) for picture, scene in zip(pictures, asked, strict=True)]
    assert sum(judgement.style and judgement.things[0].object for judgement in judged) >= len(STYLES) - 1


def test_small_pictures_are_drawn_too(pipeline: StableDiffusionPipeline) -> None:
    """At 128 by 128 pixels the asked thing is there, in its colour and place."""
    generator = torch.Generator().manual_seed(0)
    [image] = pipeline(
        "a large blue star on the left on a yellow background",
        width=128,
        height=128,
        num_inference_steps=STEPS,
        guidance_scale=GUIDANCE,
        generator=generator,
    ).images
    seen = check(image)
    assert seen.background == "yellow"
    assert [(thing.object, thing.colour, thing.position) for thing in seen.things] == [("star", "blue", "left")]


def test_same_seed_same_picture(pipeline: StableDiffusionPipeline) -> None:
    """A prompt and a seed give the same picture every time."""
    first, second = (render(pipeline, ["a blue fish"], [4])[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_common_schedulers_draw(pipeline: StableDiffusionPipeline, name: str) -> None:
    """Every common scheduler can be made from the config, and draws the asked colours with it."""
    ours = pipeline.scheduler
    pipeline.scheduler = getattr(diffusers, name).from_config(ours.config)
    try:
        picture = render(pipeline, ["a large blue circle in the centre on a yellow background"], [0])[0]
    finally:
        pipeline.scheduler = ours

    sighting = check(picture)
    assert sighting.background == "yellow"
    assert sighting.things[0].colour == "blue"


def test_image_to_image_keeps_the_layout_and_follows_the_colour(pipeline: StableDiffusionPipeline) -> None:
    """At strength 0.6 a circle stays where it was, as large as it was, in the colour that the prompt names."""
    picture, _ = draw(Scene((Thing("circle", "red", "large", "left"),), "white"), 256)
    image = StableDiffusionImg2ImgPipeline(**pipeline.components, requires_safety_checker=False)(
        "a large blue circle on the left on a white background",
        image=Image.fromarray(picture),
        strength=0.6,
        num_inference_steps=STEPS,
        guidance_scale=GUIDANCE,
        generator=torch.Generator().manual_seed(0),
    ).images[0]

    seen = check(image).things[0]
    assert (seen.object, seen.colour, seen.size, seen.position) == ("circle", "blue", "large", "left")


def test_inpainting_changes_only_the_mask(pipeline: StableDiffusionPipeline) -> None:
    """Outside the mask the picture stays within 35 dB of the input; inside, what was asked for appears."""
    left = Thing("circle", "red", "medium", "left")
    picture, _ = draw(Scene((left, Thing("square", "green", "medium", "right")), "white"), 256)
    mask = np.zeros((256, 256), dtype=np.uint8)
    mask[:, 128:] = 255

    image = StableDiffusionInpaintPipeline(**pipeline.components, requires_safety_checker=False)(
        "a medium red circle on the left and a medium blue heart on the right on a white background",
        image=Image.fromarray(picture),
        mask_image=Image.fromarray(mask),
        strength=1.0,
        num_inference_steps=STEPS,
        guidance_scale=GUIDANCE,
        generator=torch.Generator().manual_seed(0),
    ).images[0]

    painted = np.asarray(image)
    error = (painted[mask == 0].astype(float) - picture[mask == 0]) / 255
    assert -10 * np.log10(np.square(error).mean()) >= 35
    assert {(seen.object, seen.colour) for seen in check(image).things} == {("circle", "red"), ("heart", "blue")}
