"""SDXL's base and refiner as an ensemble: the base begins, the refiner draws the last steps."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionXLImg2ImgPipeline, StableDiffusionXLPipeline

from bench.families.render import Drawn, draw
from bench.tiny_families.every import EVERY_FAMILY
from bench.tiny_families.stable_diffusion import stable_diffusion_xl_refiner
from tests.rendering.extras.proof import (
    LEAST_EFFECT,
    Build,
    build_request,
    draw_bare,
    draw_picture,
    prove,
    prove_together,
    write_models,
)
from worker.rendering.drawing import Drawing
from worker.rendering.errors import CheckpointUnsupported, ModelUnavailable
from worker.rendering.models import Models
from worker.rendering.watch_steps import StepEnd

STEPS = 6


class Served:
    """A tiny SDXL with a refiner, and the same without."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        EVERY_FAMILY["sdxl"].build(folder / "base")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(400)
            stable_diffusion_xl_refiner().save_pretrained(folder / "refiner")
        shutil.rmtree(folder / "refiner/vae")  # that of the base, as published
        shutil.copytree(folder / "base/vae", folder / "refiner/vae")
        self.models: Models = write_models(
            folder,
            model={"source": "base", "refiner": "refiner", "tasks": ["text-to-image", "image-to-image"]},
            plain={"source": "base"},
        )

    def load_bare(self) -> tuple[Any, Any]:
        base = StableDiffusionXLPipeline.from_pretrained(self.folder / "base")
        return base, StableDiffusionXLImg2ImgPipeline.from_pretrained(self.folder / "refiner")

    def draw_bare(self, refine_from: float, seeds: tuple[int, ...] = (7,)) -> Drawn:
        """As diffusers' documents draw it."""
        base, refiner = self.load_bare()
        base.set_progress_bar_config(disable=True)
        generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        call: dict[str, Any] = {
            "prompt": "a red mug",
            "negative_prompt": "blurry",
            "num_inference_steps": STEPS,
            "guidance_scale": 3.0,
        }
        with torch.inference_mode():
            latents = base(
                **call,
                width=64,
                height=64,
                num_images_per_prompt=len(seeds),
                generator=generators,
                denoising_end=refine_from,
                output_type="latent",
            ).images
        return draw_bare(refiner, generators=generators, size={}, **call, image=latents, denoising_start=refine_from)


def build_for(refine_from: float = 0.7) -> Build:
    def build(seeds: tuple[int, ...] = (7,), **changes: Any) -> Drawing:
        own = {"num_inference_steps": STEPS, "refine_from": refine_from}
        return Drawing(build_request(**(own | changes)), seeds)

    return build


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("refined"))
    yield served
    served.models.close()


@pytest.mark.parametrize("refine_from", [0.3, 0.5, 0.8])
def test_the_last_steps_are_the_refiners(served: Served, refine_from: float) -> None:
    """As with diffusers alone; the steps of both are counted together."""
    bare = served.draw_bare(refine_from)
    ends: list[StepEnd] = []

    drawn = draw(served.models.load("model"), build_for(refine_from)(), on_step=ends.append)

    assert drawn.latents.equal(bare.latents)
    assert (drawn.pictures[0] == bare.pictures[0]).all()
    assert [end.step for end in ends] == list(range(1, STEPS + 1))
    assert {end.steps for end in ends} == {STEPS}
    assert 0 < bare.steps < STEPS


def test_in_company(served: Served) -> None:
    """Two images, other jobs beside it, and a cancelled neighbour change nothing."""
    model = served.models.load("model")
    alone = draw(model, build_for()())

    prove(model, build_for(), Drawn(alone.pictures, alone.latents, alone.steps), resumes=False)


def test_jobs_with_and_without_it_side_by_side(served: Served) -> None:
    """At other borders, and without it: what the model without a refiner draws."""
    model = served.models.load("model")
    builds = [build_for(border) for border in (0.5, 0.7, 0.7, 1.0, 1.0)]

    prove_together(model, [partial(build, (seed,)) for seed, build in enumerate(builds)])

    plain = draw(served.models.load("plain"), build_for(1.0)())
    assert draw(model, build_for(1.0)()).equals(plain)
    assert draw(model, build_for(0.7)()).differs_from(plain) > LEAST_EFFECT
    picture = Drawing(build_request(strength=0.6), (7,), {"image": draw_picture(1)}, task="image-to-image")
    assert draw(model, picture).steps > 0


def test_it_cannot_be_resumed(served: Served) -> None:
    """And says so."""
    refused: list[str] = []

    def capture(end: StepEnd) -> None:
        try:
            end.capture()
        except CheckpointUnsupported as error:
            refused.append(error.message)

    drawn = draw(served.models.load("model"), build_for()(), on_step=capture)

    assert drawn.resume == "unsupported: its last steps are drawn by a refiner"
    assert len(refused) == STEPS
    assert draw(served.models.load("model"), build_for(1.0)()).resume == "supported"


def test_its_weights_are_in_the_receipt_and_in_the_budget(served: Served) -> None:
    """What it has in common with the base is in memory once."""
    model = served.models.load("model")
    plain = served.models.load("plain")

    assert {name.split("/")[1] for name in model.file_sha256 if name.startswith("refiner/")} == {
        *("unet", "vae", "text_encoder_2"),
    }
    assert model.refiner.vae is model.pipeline.vae
    assert {name for name in model.modules if name.startswith("refiner.")} == {"refiner.unet", "refiner.text_encoder_2"}
    used = served.models._accounts.used_bytes
    refiners = sum(
        (served.folder / f"refiner/{name}").stat().st_size
        for name in ("unet/diffusion_pytorch_model.safetensors", "text_encoder_2/model.safetensors")
    )
    unet = (served.folder / "base/unet/diffusion_pytorch_model.safetensors").stat().st_size
    assert used > refiners + 2 * 0.9 * unet
    assert plain.refiner is None


def test_another_class_is_refused_by_name(served: Served, tmp_path: Path) -> None:
    """A base model is no refiner; a missing file is named."""
    shutil.copytree(served.folder, tmp_path, dirs_exist_ok=True)
    shutil.copytree(tmp_path / "refiner", tmp_path / "broken")
    (tmp_path / "broken/unet/diffusion_pytorch_model.safetensors").unlink()
    models = write_models(
        tmp_path, wrong={"source": "base", "refiner": "base"}, broken={"source": "base", "refiner": "broken"}
    )

    with pytest.raises(
        ModelUnavailable, match="refiner: it is a StableDiffusionXLPipeline, not a StableDiffusionXLImg2"
    ):
        models.load("wrong")
    with pytest.raises(ModelUnavailable, match="refiner: unet has no safetensors file"):
        models.load("broken")
    models.close()
