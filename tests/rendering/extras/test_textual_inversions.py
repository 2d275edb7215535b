"""Words of a model's own, from files in the layouts in which people have them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from diffusers import DDIMScheduler
from safetensors.torch import load_file, save_file

from bench.families.render import draw
from bench.tiny_families.every import EVERY_FAMILY
from bench.tiny_families.text_encoders import WIDTH
from tests.rendering.extras.proof import LEAST_EFFECT, Build, build_request, draw_bare, prove, quick_first, write_models
from worker.rendering.drawing import Drawing
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models import Models
from worker.rendering.render import render_images

CLASSES = {"sd15": "StableDiffusionPipeline", "sdxl": "StableDiffusionXLPipeline", "flux-dev": "FluxPipeline"}
PROMPT, NEGATIVE = "a <cat> on a table in inkstyle", "blurry, badhands"
SCHEDULERS = {"sd15": "ddim", "sdxl": "own", "flux-dev": "own"}
#: Vectors of each word.
VECTORS = {"<cat>": 1, "inkstyle": 3, "badhands": 2}


def make(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def write_files(folder: Path, family: str) -> dict[str, str]:
    """A file of each word, in the layouts of the family. Returns the files by word."""
    if family == "sd15":
        # diffusers' own with one vector and with several; A1111's.
        save_file({"<cat>": make(1, WIDTH)}, folder / "cat.safetensors")
        save_file({"emb_params": make(2, 3, WIDTH)}, folder / "ink.safetensors")
        save_file({"<bad-hands-5>": make(3, 2, WIDTH)}, folder / "hands.safetensors")
    else:
        names = ("clip_l", "clip_g") if family == "sdxl" else ("clip_l",)
        for number, (word, file) in enumerate((("<cat>", "cat"), ("inkstyle", "ink"), ("badhands", "hands"))):
            vectors = {name: make(10 * number + place, VECTORS[word], WIDTH) for place, name in enumerate(names)}
            save_file(vectors, folder / f"{file}.safetensors")
    return {"<cat>": "cat.safetensors", "inkstyle": "ink.safetensors", "badhands": "hands.safetensors"}


def load_bare(folder: Path, family: str, files: dict[str, str]) -> Any:
    """diffusers' pipeline with the same words, as its documents load them."""
    pipeline = getattr(diffusers, CLASSES[family]).from_pretrained(folder / "base")
    for word, file in files.items():
        if family == "sd15":
            pipeline.load_textual_inversion(str(folder), weight_name=file, token=word)
            continue
        tensors = load_file(folder / file)
        pipeline.load_textual_inversion(
            tensors["clip_l"], token=word, tokenizer=pipeline.tokenizer, text_encoder=pipeline.text_encoder
        )
        if "clip_g" in tensors:
            pipeline.load_textual_inversion(
                tensors["clip_g"], token=word, tokenizer=pipeline.tokenizer_2, text_encoder=pipeline.text_encoder_2
            )
    if family == "sd15":
        pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config, clip_sample=False)
    return pipeline


@pytest.fixture(params=quick_first(CLASSES))
def family(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    EVERY_FAMILY[request.param].build(tmp_path / "base")
    return str(request.param)


@pytest.fixture
def models(family: str, tmp_path: Path) -> Iterator[Models]:
    """A model with the words, and one of the same files without."""
    files = write_files(tmp_path, family)
    models = write_models(tmp_path, model={"source": "base", "textual_inversions": files}, plain={"source": "base"})
    yield models
    models.close()


def build_for(family: str) -> Build:
    def build(seeds: tuple[int, ...] = (7,), **changes: Any) -> Drawing:
        own = {"prompt": PROMPT, "negative_prompt": NEGATIVE, "scheduler": SCHEDULERS[family]}
        return Drawing(build_request(**(own | changes)), seeds)

    return build


def test_words_are_read_as_diffusers_reads_them(models: Models, family: str, tmp_path: Path) -> None:
    """In the prompt and the negative prompt, with several vectors, by each text encoder."""
    bare_pipeline = load_bare(tmp_path, family, write_files(tmp_path, family))
    bare = draw_bare(bare_pipeline, prompt=PROMPT, negative_prompt=NEGATIVE)

    prove(models.load("model"), build_for(family), bare)

    assert draw(models.load("plain"), build_for(family)()).differs_from(bare) > LEAST_EFFECT
    without = build_for(family)(prompt="a mug on a table", negative_prompt="blurry")
    # The other model's text encoder is not the same object, and is as it was.
    assert models.load("plain").pipeline.text_encoder is not models.load("model").pipeline.text_encoder
    assert draw(models.load("model"), without).equals(draw(models.load("plain"), without))


def test_every_vector_counts_as_a_token(models: Models, family: str) -> None:
    """Of each tokenizer that has the word: the report says how many it read."""
    rendered = render_images(models.load("model"), build_for(family)(), on_step=lambda _: None)
    request = build_for(family)().request

    found = {(each["field"], each["tokenizer"]): each for each in rendered.prompts.describe(request)}
    # The tiny tokenizer has a token for every letter.
    letters = len("aonatablein")
    expected = letters + VECTORS["<cat>"] + VECTORS["inkstyle"]
    for tokenizer in ("tokenizer", "tokenizer_2")[: 2 if family == "sdxl" else 1]:
        assert (found["prompt", tokenizer]["tokens"], found["prompt", tokenizer]["read"]) == (expected, expected)
    if family != "flux-dev":
        assert found["negative_prompt", "tokenizer"]["tokens"] == len("blurry,") + VECTORS["badhands"]
    assert rendered.prompts.warn(request) == []


def test_words_are_in_the_receipt(models: Models) -> None:
    """Each with the digest of its file."""
    names = {name for name in models.load("model").file_sha256 if name.startswith("textual_inversions.")}
    assert names == {
        "textual_inversions.<cat>/cat.safetensors",
        "textual_inversions.inkstyle/ink.safetensors",
        "textual_inversions.badhands/hands.safetensors",
    }


def test_files_that_do_not_fit_are_refused_by_name(tmp_path: Path) -> None:
    """Of another width, for other encoders, no textual inversion, missing, damaged, or a word that the model has."""
    EVERY_FAMILY["sd15"].build(tmp_path / "sd15")
    EVERY_FAMILY["sdxl"].build(tmp_path / "sdxl")
    write_files(tmp_path, "sd15")
    save_file({"x": make(1, 2 * WIDTH)}, tmp_path / "wide.safetensors")
    save_file({"clip_l": make(1, WIDTH), "clip_g": make(2, WIDTH)}, tmp_path / "two.safetensors")
    save_file({"a": make(1, WIDTH), "b": make(2, WIDTH)}, tmp_path / "model.safetensors")
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "cat.safetensors").read_bytes()[:-9])
    cases = {
        "wide": ("sd15", "xx", f"textual_inversions.xx: its file has a tensor of shape [{2 * WIDTH}]"),
        "two": (
            "sd15",
            "xx",
            "textual_inversions.xx: its file has clip_g and clip_l, and the model's text encoders take clip_l",
        ),
        "model": ("sd15", "xx", "textual_inversions.xx: its file has 2 tensors"),
        "cat": ("sdxl", "xx", "textual_inversions.xx: its file has vectors for one text encoder, and the model has 2"),
        "nowhere": ("sd15", "xx", "textual_inversions.xx: the file nowhere.safetensors is missing"),
        "cut": ("sd15", "xx", "textual_inversions.xx: cut.safetensors has "),
        "ink": ("sd15", "a</w>", "textual_inversions.a</w>: the model knows this word already"),
    }
    models = write_models(
        tmp_path,
        **{
            file: {"source": source, "textual_inversions": {word: f"{file}.safetensors"}}
            for file, (source, word, _) in cases.items()
        },
    )

    for model_id, (_, _, reason) in cases.items():
        with pytest.raises(ModelUnavailable) as caught:
            models.load(model_id)
        assert reason in caught.value.message
        assert repr(model_id) in caught.value.message
    models.close()
