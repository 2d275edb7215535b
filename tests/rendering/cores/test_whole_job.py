"""A job's whole life on a CPU, in a real pipeline: text, picture, denoising and decoding, each with which cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from bench.models_file import write_section
from bench.tiny_families import FAMILIES
from core.catalog import load_catalog
from tests.rendering.cores.conftest import Divide
from tests.rendering.resuming import Case, draw_images
from worker.rendering.drawing import Drawing
from worker.rendering.models import LoadedModel, Models
from worker.rendering.models.device import share_cores
from worker.rendering.prompts import PromptCache
from worker.rendering.render import render_images

CASE = Case("sd15", "image-to-image", "ddim", seeds=(7,), steps=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cores")
    FAMILIES["sd15"].build(folder / "sd15")
    (folder / "models.toml").write_text(write_section("sd15", "sd15"))
    return folder


@pytest.fixture
def model(folder: Path) -> Iterator[LoadedModel]:
    """With four runners."""
    models = Models(load_catalog(folder / "models.toml"), device="cpu", budget_bytes=2**31, forwards=4)
    yield models.load("sd15")
    models.close()


def watch_threads(model: LoadedModel) -> dict[str, set[int]]:
    """The numbers of threads that the model's parts compute with, noted from now on."""
    seen: dict[str, set[int]] = {}
    parts: dict[str, Any] = {
        "text": model.pipeline.text_encoder.get_input_embeddings(),
        "picture": model.pipeline.vae.encoder,
        "denoiser": model.pipeline.unet.conv_in,
        "decoder": model.pipeline.vae.decoder,
    }
    for name, module in parts.items():
        module.register_forward_pre_hook(
            lambda _module, _inputs, name=name: seen.setdefault(name, set()).add(torch.get_num_threads())
        )
    return seen


def draw(
    model: LoadedModel, *, deterministic: bool = False, cache: PromptCache | None = None
) -> np.typing.NDArray[Any]:
    request = {**CASE.request, "deterministic": deterministic}
    drawing = Drawing(request, CASE.seeds, draw_images(CASE), task=CASE.task)
    rendered = render_images(model, drawing, on_step=lambda _end: None, prompt_cache=cache)
    return np.asarray(rendered.images[0])


def test_a_job_alone_has_all_cores_for_its_whole_life(divide: Divide, model: LoadedModel) -> None:
    """As the bare pipeline has them."""
    divide(4, 4)
    seen = watch_threads(model)

    draw(model)

    assert seen == {name: {4} for name in ("text", "picture", "denoiser", "decoder")}


def test_a_job_in_company_has_its_part(divide: Divide, model: LoadedModel) -> None:
    """Beside three others it has a quarter of the cores. Only its text is encoded with all: others use it as well."""
    cores = divide(4, 4)
    seen = watch_threads(model)
    cores.note_work("others", 3)

    draw(model)
    cores.note_work("others", 0)

    assert seen == {"text": {4}, "picture": {1}, "denoiser": {1}, "decoder": {1}}


def test_a_deterministic_job_has_all_cores_in_any_company(divide: Divide, model: LoadedModel) -> None:
    """So its bits are those that it has alone."""
    cores = divide(4, 4)
    seen = watch_threads(model)
    cores.note_work("others", 3)

    draw(model, deterministic=True)
    cores.note_work("others", 0)

    assert seen == {name: {4} for name in ("text", "picture", "denoiser", "decoder")}


def test_a_job_alone_is_the_bare_pipeline(divide: Divide, model: LoadedModel, folder: Path) -> None:
    """Bit for bit, with all cores; also after a job in company has left its text in the cache."""
    cores = divide(4, 4)
    bare = StableDiffusionPipeline.from_pretrained(folder / "sd15", use_safetensors=True)
    request = {**CASE.request, "num_inference_steps": CASE.steps}
    text_only = Case("sd15", "text-to-image", "own", seeds=(7,), steps=4)
    cache = PromptCache()
    torch.set_num_threads(4)
    with torch.inference_mode():
        [expected] = bare(
            **{name: request[name] for name in ("prompt", "negative_prompt", "width", "height", "num_inference_steps")},
            guidance_scale=request["guidance_scale"],
            generator=torch.Generator("cpu").manual_seed(7),
        ).images
    torch.set_num_threads(2)

    with ExitStack() as company:
        company.callback(cores.note_work, "others", 0)
        cores.note_work("others", 3)
        draw(model, cache=cache)
    drawing = Drawing({**text_only.request, "deterministic": False}, text_only.seeds)
    drawn = render_images(model, drawing, on_step=lambda _end: None, prompt_cache=cache)

    assert np.array_equal(np.asarray(drawn.images[0]), np.asarray(expected))


@pytest.mark.parametrize(("forwards", "most_parts"), [(None, 4), (1, 1), (3, 3), (9, 4)])
def test_cpu_forwards_is_the_most_parts(
    divide: Divide, monkeypatch: pytest.MonkeyPatch, forwards: int | None, most_parts: int
) -> None:
    """Unset it is one part for each core; a number is obeyed as far as there are cores."""
    cores = divide(1, 1)
    monkeypatch.setattr("worker.rendering.models.device._count_cores", lambda: 4)

    assert share_cores(torch.device("cpu"), forwards) == most_parts

    assert (torch.get_num_threads(), cores.part) == (4, 4)
    cores.note_work("others", 100)
    assert cores.part == 4 // most_parts
    cores.note_work("others", 0)
