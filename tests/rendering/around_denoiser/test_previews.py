"""Previews: what they show, how often, and that no render waits for them."""

from __future__ import annotations

import functools
import gc
import io
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny
from PIL import Image

from bench.tiny_families import FAMILIES
from bench.tiny_families.family import SIDE
from core.catalog.schedulers import DIFFUSION_SCHEDULERS
from tests.rendering.around_denoiser.conftest import STEPS, Load, Loaded
from tests.rendering.quick import SAMPLE, few_quick
from worker.rendering.models.switches import place
from worker.rendering.pipelines import build_scheduler
from worker.rendering.previews import PreviewMaker, maker
from worker.rendering.previews.encode_preview import MOST_BYTES, encode_preview
from worker.rendering.previews.unpack import to_autoencoder, unpack_latents

JOB = UUID(int=1)


class Gallery:
    """Keeps the published previews."""

    def __init__(self) -> None:
        self.pictures: list[bytes] = []

    def __call__(self, job_id: UUID, picture: bytes) -> None:
        assert job_id == JOB
        self.pictures.append(picture)

    def wait(self, count: int = 1) -> list[Image.Image]:
        """Wait for at least `count` pictures."""
        deadline = time.monotonic() + 20
        while len(self.pictures) < count:
            assert time.monotonic() < deadline, f"{len(self.pictures)} pictures"
            time.sleep(0.01)
        return [Image.open(io.BytesIO(picture)) for picture in self.pictures]


@pytest.fixture
def gallery() -> Gallery:
    """An empty gallery."""
    return Gallery()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Previews are due at every step, and all of them are drawn."""
    monkeypatch.setattr(maker, "_PAUSE_SECONDS", 0)
    monkeypatch.setattr(maker, "_MOST_WAITING", 1000)


@pytest.mark.parametrize("family", few_quick(FAMILIES, {*SAMPLE, "qwen-image"}))
def test_every_family_has_previews(load: Load, gallery: Gallery, impatient: None, family: str) -> None:
    """A job gets small WebP pictures in the proportions of its image, at every step; the image is the same."""
    width, height = size = (2 * SIDE, SIDE)
    loaded = load(family)
    own = loaded.draw(loaded.take_copy(), "a mug", width=width, height=height)

    pipeline = loaded.take_copy()
    PreviewMaker(gallery).watch(pipeline, JOB, width=width, height=height)
    watched = loaded.draw(pipeline, "a mug", width=width, height=height)

    pictures = gallery.wait(STEPS)
    assert {(picture.format, picture.size) for picture in pictures} == {("WEBP", size)}
    assert max(len(picture) for picture in gallery.pictures) <= MOST_BYTES
    assert (watched == own).all()


@pytest.mark.parametrize("family", [*FAMILIES, "picturebook"])
def test_what_is_drawn_is_what_is_decoded(load: Load, monkeypatch: pytest.MonkeyPatch, family: str) -> None:
    """The last latents, unpacked and scaled, are those that the pipeline passes to its autoencoder."""
    loaded = load(family)
    pipeline = loaded.take_copy()
    steps: list[Any] = []
    decoded: list[Any] = []
    pipeline.scheduler.step = _noting(pipeline.scheduler.step, lambda _, result: steps.append(result))
    monkeypatch.setattr(
        pipeline.vae, "decode", _noting(pipeline.vae.decode, lambda latents, _: decoded.append(latents))
    )

    loaded.draw(pipeline, "a mug", width=2 * SIDE)

    if family == "lcm":  # it decodes its last estimate, not its last latents
        steps[-1] = (steps[-1][1],)
    latents = unpack_latents(pipeline, steps[-1][0], width=2 * SIDE, height=SIDE)
    given = decoded[0][:, :, 0] if decoded[0].ndim == 5 else decoded[0]
    assert torch.allclose(to_autoencoder(pipeline.vae, latents), given, atol=1e-5)


@pytest.mark.parametrize("scheduler", few_quick(DIFFUSION_SCHEDULERS, {"ddim", "dpmpp_2m", "euler", "heun", "pndm"}))
def test_a_preview_resembles_the_picture(load: Load, gallery: Gallery, impatient: None, scheduler: str) -> None:
    """From a quarter of the steps on, with every scheduler, Picturebook's previews resemble the final picture."""
    loaded = load("picturebook")
    pipeline = loaded.take_copy()
    pipeline.scheduler = build_scheduler(scheduler, loaded.pipeline.scheduler)
    PreviewMaker(gallery).watch(pipeline, JOB, width=256, height=256)

    # Without guidance a step is half the work.
    call = {"width": 256, "height": 256, "num_inference_steps": 12, "guidance_scale": 1.0, "negative_prompt": None}
    drawn = loaded.draw(pipeline, "a large red mug on a yellow background", **call)[0]

    likeness = [_correlate(picture, drawn) for picture in gallery.wait(12)]
    assert min(likeness[3:]) > 0.95, likeness


def test_a_tiny_autoencoder_draws_where_there_is_one(
    load: Load, gallery: Gallery, impatient: None, tmp_path: Any
) -> None:
    """A tiny autoencoder draws the previews; if its files are broken, the linear map does."""
    loaded = load("picturebook")
    assert isinstance(loaded.pipeline.vae, AutoencoderTiny)
    loaded.pipeline.vae.save_pretrained(tmp_path / "tiny")
    for folder in (tmp_path / "tiny", tmp_path / "missing"):
        pipeline = loaded.take_copy()
        pipeline.scheduler = build_scheduler("ddim", loaded.pipeline.scheduler)
        before = len(gallery.pictures)
        PreviewMaker(gallery).watch(pipeline, JOB, width=256, height=256, tiny=folder)
        drawn = loaded.draw(pipeline, "a blue cat", width=256, height=256, num_inference_steps=4)[0]
        assert _correlate(gallery.wait(before + 4)[-1], drawn) > (0.99 if folder.name == "tiny" else 0.9)


def test_at_most_two_a_second(load: Load, gallery: Gallery) -> None:
    """There is none in the first half second, and at most two a second after that."""
    loaded = load("picturebook")
    pipeline = loaded.take_copy()
    PreviewMaker(gallery).watch(pipeline, JOB, width=SIDE, height=SIDE)
    step = pipeline.scheduler.step

    def slow_step(model_output: Any, timestep: Any, sample: Any, **options: Any) -> Any:
        time.sleep(0.05)
        return step(model_output, timestep, sample, **options)

    pipeline.scheduler.step = slow_step
    started = time.monotonic()
    loaded.draw(pipeline, "a mug", num_inference_steps=24)
    seconds = time.monotonic() - started

    gallery.wait(1)
    time.sleep(0.2)
    assert 1 <= len(gallery.pictures) <= seconds / 0.5


def test_no_step_waits_for_a_preview(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a preview hangs, steps continue, and only a few of them are kept for it."""
    monkeypatch.setattr(maker, "_PAUSE_SECONDS", 0)
    loaded = load("picturebook")
    pipeline = loaded.take_copy()
    drawn = []

    def hang(_job_id: UUID, picture: bytes) -> None:
        drawn.append(picture)
        time.sleep(3)

    previews = PreviewMaker(hang)
    previews.watch(pipeline, JOB, width=SIDE, height=SIDE)
    started = time.monotonic()
    loaded.draw(pipeline, "a mug", num_inference_steps=20)

    assert time.monotonic() - started < 3
    assert previews._steps.qsize() <= 4
    assert len(drawn) == 1


@pytest.mark.parametrize("offload", ["model", "group"])
@pytest.mark.parametrize("family", ["sd15", "flux2-klein", "qwen-image"])
def test_an_offloaded_autoencoder_is_used_in_the_jobs_turn(
    gallery: Gallery, impatient: None, family: str, offload: str
) -> None:
    """A use of an offloaded autoencoder moves the denoiser away: only the job's own thread does it, and not while it denoises."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        loaded = Loaded(FAMILIES[family], FAMILIES[family].assemble())
    loaded.pipeline.set_progress_bar_config(disable=True)
    place(loaded.pipeline, offload, torch.device("cpu"))
    users: list[tuple[str, int]] = []
    pipeline = loaded.take_copy()
    steps: list[Any] = []
    pipeline.scheduler.step = _noting(pipeline.scheduler.step, lambda _, result: steps.append(result))
    for name in ("encode", "decode"):
        method = getattr(loaded.pipeline.vae, name)
        note = lambda *_: users.append((threading.current_thread().name, len(steps)))  # noqa: E731
        setattr(loaded.pipeline.vae, name, _noting(method, note))

    PreviewMaker(gallery).watch(pipeline, JOB, width=SIDE, height=SIDE)
    assert loaded.draw(pipeline, "a mug").shape == (1, SIDE, SIDE, 3)

    gallery.wait(STEPS)
    assert {thread for thread, _ in users} == {threading.current_thread().name}
    assert {step for _, step in users} == {0, len(steps)}


def test_a_step_that_waits_keeps_no_model_in_memory(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once its job has ended, a model can be evicted whatever waits to be drawn."""
    monkeypatch.setattr(maker, "_PAUSE_SECONDS", 0)
    goes_on = threading.Event()

    def hang(_job_id: UUID, _picture: bytes) -> None:
        goes_on.wait(30)

    previews = PreviewMaker(hang)
    loaded = load("picturebook")
    first, pipeline = loaded.take_copy(), loaded.take_copy()
    for each in (first, pipeline):
        previews.watch(each, JOB, width=SIDE, height=SIDE)
        loaded.draw(each, "a mug")
    assert not previews._steps.empty()
    left = weakref.ref(pipeline)

    del pipeline, each
    gc.collect()

    assert left() is None
    goes_on.set()


def test_latents_that_cannot_be_drawn_do_no_harm(load: Load, gallery: Gallery, impatient: None) -> None:
    """A job whose latents do not fit its size still renders, and its previews are not tried again."""
    loaded = load("flux-dev")
    pipeline = loaded.take_copy()
    previews = PreviewMaker(gallery)
    previews.watch(pipeline, JOB, width=SIDE * 4, height=SIDE)

    assert loaded.draw(pipeline, "a mug").shape == (1, SIDE, SIDE, 3)
    assert gallery.pictures == []


@pytest.mark.parametrize("size", [(1024, 1024), (2048, 512), (8, 8), (16_384, 8)])
def test_even_noise_is_at_most_twenty_kilobytes(size: tuple[int, int]) -> None:
    """Noise, the hardest picture to compress, becomes a preview of the right proportions and size."""
    noise = np.random.default_rng(0).integers(0, 256, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)

    body = encode_preview(Image.fromarray(noise), *size)

    picture = Image.open(io.BytesIO(body))
    assert len(body) <= MOST_BYTES
    assert picture.width / picture.height == pytest.approx(size[0] / size[1], rel=0.02) or min(picture.size) == 1


def _noting(function: Any, note: Callable[[Any, Any], None]) -> Any:
    """The function, with `note` called with its first argument and its result."""

    @functools.wraps(function)
    def noted(first: Any, *positional: Any, **named: Any) -> Any:
        result = function(first, *positional, **named)
        note(first, result)
        return result

    return noted


def _correlate(picture: Image.Image, drawn: Any) -> float:
    shown = np.asarray(picture.convert("RGB").resize((32, 32), Image.Resampling.BOX), dtype=float)
    final = Image.fromarray((drawn * 255).astype(np.uint8)).resize((32, 32), Image.Resampling.BOX)
    return float(np.corrcoef(shown.ravel(), np.asarray(final, dtype=float).ravel())[0, 1])
