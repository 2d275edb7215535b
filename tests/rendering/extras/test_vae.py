"""An autoencoder in the place of the one that comes with the weights."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, DDIMScheduler

from bench.families.render import draw
from bench.tiny_families.autoencoders import autoencoder_kl
from bench.tiny_families.every import EVERY_FAMILY
from tests.rendering.extras.proof import Build, build_request, draw_bare, prove, quick_first, write_models
from worker.rendering.drawing import Drawing
from worker.rendering.errors import ModelUnavailable

FAMILIES = {"sd15": "StableDiffusionPipeline", "sdxl": "StableDiffusionXLPipeline", "sd3": "StableDiffusion3Pipeline"}
WEIGHTS = "vae/diffusion_pytorch_model.safetensors"
TINY = {f"{part}coder_block_out_channels": (8,) for part in ("en", "de")} | {
    f"num_{part}coder_blocks": (1,) for part in ("en", "de")
}


def build_folders(folder: Path, family: str) -> None:
    """A model, and an autoencoder of the same architecture with other weights and another scaling factor."""
    EVERY_FAMILY[family].build(folder / "base")
    config = AutoencoderKL.load_config(folder / "base/vae")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(200)
        AutoencoderKL.from_config({**config, "scaling_factor": 0.3}).save_pretrained(folder / "other")


def build_for(scheduler: str) -> Build:
    return lambda seeds=(7,), **changes: Drawing(build_request(scheduler=scheduler, **changes), seeds)


@pytest.mark.parametrize("family", quick_first(FAMILIES))
def test_it_draws_in_the_place_of_the_models_own(family: str, tmp_path: Path) -> None:
    """Also if the model has none, as repositories of denoisers alone."""
    build_folders(tmp_path, family)
    pipeline: Any = getattr(diffusers, FAMILIES[family]).from_pretrained(
        tmp_path / "base", vae=AutoencoderKL.from_pretrained(tmp_path / "other")
    )
    scheduler = "own"
    if family == "sd15":
        scheduler = "ddim"
        pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config, clip_sample=False)
    bare = draw_bare(pipeline, negative_prompt="blurry")
    shutil.copytree(tmp_path / "base", tmp_path / "without", ignore=shutil.ignore_patterns("vae"))
    models = write_models(
        tmp_path,
        plain={"source": "base"},
        model={"source": "base", "vae": "other"},
        bald={"source": "without", "vae": {"folder": "other"}},
    )

    prove(models.load("model"), build_for(scheduler), bare)

    own = draw(models.load("plain"), build_for(scheduler)())
    assert own.latents.equal(bare.latents)  # the autoencoder comes after the last step
    assert own.differs_from(bare) > 0.01
    assert draw(models.load("bald"), build_for(scheduler)()).equals(bare)
    models.close()


def test_it_is_in_the_receipt_and_in_memory_once(tmp_path: Path) -> None:
    """With the digest of its own weights; two models that name it share it."""
    build_folders(tmp_path, "sd15")
    models = write_models(
        tmp_path,
        plain={"source": "base"},
        one={"source": "base", "vae": "other"},
        two={"source": "base", "vae": "other"},
    )
    plain, one, two = (models.load(name) for name in ("plain", "one", "two"))

    assert one.file_sha256[WEIGHTS] != plain.file_sha256[WEIGHTS]
    assert one.file_sha256[WEIGHTS] == two.file_sha256[WEIGHTS]
    assert one.pipeline.vae is two.pipeline.vae
    assert one.pipeline.vae is not plain.pipeline.vae
    models.close()


def test_what_does_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    """Another class, other latents, no weights, no folder."""
    build_folders(tmp_path, "sd15")
    AutoencoderTiny(**TINY).save_pretrained(tmp_path / "tiny")
    wide = autoencoder_kl()
    AutoencoderKL.from_config({**wide.config, "latent_channels": 8}).save_pretrained(tmp_path / "wide")
    shutil.copytree(tmp_path / "other", tmp_path / "empty")
    (tmp_path / "empty/diffusion_pytorch_model.safetensors").unlink()
    reasons = {
        "tiny": "vae: it is a AutoencoderTiny, and the model takes a AutoencoderKL",
        "wide": "vae: its latents have 8 channels, and the model's 4",
        "empty": "vae has no safetensors file",
        "nowhere": "the folder vae is missing",
    }
    models = write_models(tmp_path, **{name: {"source": "base", "vae": name} for name in reasons})

    for name, reason in reasons.items():
        with pytest.raises(ModelUnavailable) as caught:
            models.load(name)
        assert reason in caught.value.message
        assert name in caught.value.message
    models.close()
