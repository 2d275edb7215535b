"""What the newer transformers need besides the rest: settings, pictures in pairs, prompts that are read elsewhere, tokens."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from bench.families.places import Place
from bench.families.render import draw
from bench.families.tiny_models import TinyModels
from bench.tiny_families.every import EVERY_FAMILY
from worker.rendering.errors import RequestRefused
from worker.rendering.pipelines import build_arguments, build_pipeline
from worker.rendering.pipelines.settled_chance import SettledChance
from worker.rendering.prompts import PromptCache, install_prompt_cache

# What diffusers deprecates in itself is not the question here.
pytestmark = pytest.mark.filterwarnings("ignore")


def paint(colour: str) -> Image.Image:
    return Image.new("RGB", (64, 64), colour)


def test_a_setting_that_the_denoiser_lacks_is_filled_in(tmp_path: Path) -> None:
    """Chroma's folders do not have the setting that its inpainting asks for: they draw what a folder that has it draws."""
    place = Place("chroma-inpainting", "inpainting")
    with TinyModels(tmp_path, place.family) as models:
        model = models.load()
        drawn = draw(model, place.build_drawing())
    with TinyModels(tmp_path / "plain", EVERY_FAMILY["chroma"]) as models:
        plain = models.load()
        assert "guidance_embeds" not in plain.pipeline.transformer.config

        assert draw(plain, place.build_drawing()).equals(drawn)


def test_every_method_that_encodes_prompts_has_the_encoders_alone(tmp_path: Path) -> None:
    """JoyImage-Edit reads an instruction and its picture by another method than `encode_prompt`: LoRAs of the encoders, and
    nobody else, are there meanwhile.
    """
    entered: list[str] = []

    class Encoding:
        def __enter__(self) -> None:
            entered.append("in")

        def __exit__(self, *_: object) -> None:
            entered.append("out")

    with TinyModels(tmp_path, EVERY_FAMILY["joyimage-edit"]) as models:
        pipeline: Any = copy.copy(models.load().pipeline)
        own = pipeline.encode_prompt_multiple_images("a mug", images=[paint("red")])
        install_prompt_cache(pipeline, PromptCache(), model_id="joy", while_encoding=Encoding)
        read = pipeline.encode_prompt_multiple_images("a mug", images=[paint("red")])

    assert entered == ["in", "out"]
    assert all(torch.equal(one, two) for one, two in zip(own, read, strict=True))


@pytest.mark.parametrize("images", [1, 2])
def test_several_pictures_are_given_once_for_each_image(tmp_path: Path, images: int) -> None:
    """A pipeline that takes lists of pictures gets one for each image of a job, also if a list has a single picture."""
    place = Place("joyimage-edit-plus", "edit")
    drawing = place.build_drawing(tuple(range(images)))
    picture = paint("red")
    with TinyModels(tmp_path, place.family) as models:
        pipeline = build_pipeline(models.load(), drawing)
        arguments = build_arguments(pipeline, drawing, {"image": picture})

    assert arguments["images"] == ([picture] if images == 1 else [[picture]] * images)
    assert arguments["prompt"] == ("a red mug" if images == 1 else ["a red mug"] * images)


def test_pictures_in_pairs_are_a_grid(tmp_path: Path) -> None:
    """VisualCloze gets rows of two, the last with a gap, the size as that of its second stage, and the prompt as the task."""
    place = Place("visual-cloze", "edit")
    drawing = place.build_drawing()
    one, two, three, four = map(paint, ("red", "green", "blue", "white"))
    with TinyModels(tmp_path, place.family) as models:
        pipeline = build_pipeline(models.load(), drawing)
        arguments = build_arguments(pipeline, drawing, {"image": [one, two, three]})
        alone = build_arguments(pipeline, drawing, {"image": one})
        with pytest.raises(RequestRefused, match=r"image: has 4 pictures.* an odd number"):
            build_arguments(pipeline, drawing, {"image": [one, two, three, four]})

    assert arguments["image"] == [[one, two], [three, None]]
    assert alone["image"] == [[one, None]]
    assert (arguments["task_prompt"], arguments["upsampling_width"]) == ("a red mug", 64)


def test_tokens_are_sampled_by_the_jobs_own_seed() -> None:
    """What a language model writes is what it would write after the process's generator was given the seed, and that generator
    stays as it was.
    """
    chances = torch.rand(3, 50)
    torch.manual_seed(7)
    own = [torch.multinomial(chances, 4) for _ in range(2)]
    before = torch.get_rng_state()

    with SettledChance([7, 8]):
        settled = [torch.multinomial(chances, 4) for _ in range(2)]

    assert all(torch.equal(one, two) for one, two in zip(own, settled, strict=True))
    assert torch.equal(torch.get_rng_state(), before)


def test_redux_draws_after_its_picture_and_its_prompt(tmp_path: Path) -> None:
    """FLUX.1 Redux: another picture, or another prompt, gives another result; its files are part of the receipt, and its weights
    of the memory that the model takes.
    """
    place = Place("flux-redux", "variation")
    with TinyModels(tmp_path, place.family) as models:
        model = models.load()
        drawing = place.build_drawing()
        drawn = draw(model, drawing)
        other = draw(model, place.build_drawing(prompt="a blue bowl"))
        noise = np.random.default_rng(5).integers(0, 256, size=(64, 64, 3), dtype=np.uint8)
        pictures = {"image": Image.fromarray(noise)}
        elsewhere = draw(model, type(drawing)(drawing.request, drawing.seeds, pictures, task="variation"))

    assert drawn.differs_from(other) > 1e-3
    assert drawn.differs_from(elsewhere) > 1e-3
    assert {"redux/image_encoder/model.safetensors", "redux/image_embedder/diffusion_pytorch_model.safetensors"} <= set(
        model.file_sha256
    )
    assert {"redux.image_encoder", "redux.image_embedder"} <= model.modules.keys()
