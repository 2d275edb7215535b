"""Memory: shared components are loaded once, and evicted models return their memory to the system."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from diffusers import UNet2DConditionModel

from tests.rendering.models.conftest import BuildCatalog
from tests.rendering.models.drawing import draw
from worker.rendering.models import Models
from worker.rendering.models.memory import module_bytes


@pytest.mark.slow
def test_an_evicted_models_memory_goes_back_to_the_system(
    copy_model: Callable[..., Path], build_catalog: BuildCatalog, tmp_path: Path
) -> None:
    """A model of 380 MB is loaded and evicted six times in a process with many threads: after each eviction the system has
    its memory back.
    """
    folder = copy_model("heavy")
    config = UNet2DConditionModel.load_config(folder / "unet")
    heavy = UNet2DConditionModel.from_config({**config, "block_out_channels": (320, 640)})
    heavy.save_pretrained(folder / "unet")
    size = module_bytes(heavy)
    assert size > 100e6
    del heavy
    build_catalog({"heavy": folder, "light": copy_model("light")})

    command = [sys.executable, "-m", "tests.rendering.models.evict_repeatedly", str(tmp_path / "models.toml")]
    ran = subprocess.run([*command, f"--budget={size}"], check=True, stdout=subprocess.PIPE)
    memory = json.loads(ran.stdout.splitlines()[-1])

    taken, left = memory["taken"], memory["left"]
    assert min(taken) > 0.8 * size
    # The first rounds also fill torch's own caches, which stay.
    assert max(left) < 0.2 * size
    assert max(left[3:]) - left[1] < 0.1 * size


def test_equal_components_are_shared(copy_model: Callable[..., Path], build_catalog: BuildCatalog) -> None:
    """Two models whose VAE and text encoder have the same files share them, and each has a denoiser of its own."""
    models = Models(build_catalog({"one": copy_model("one"), "two": copy_model("two")}), device="cpu")

    one, two = models.load("one").pipeline, models.load("two").pipeline

    assert one.vae is two.vae
    assert one.text_encoder is two.text_encoder
    assert one.unet is not two.unet
    assert one.tokenizer is not two.tokenizer
    assert (draw(models.load("one")) == draw(models.load("two"))).all()
    models.close()


def test_shared_components_count_once(copy_model: Callable[..., Path], build_catalog: BuildCatalog) -> None:
    """Three models that differ only in their denoisers need the memory of one model and two more denoisers; shared components
    stay as long as one of the models does.
    """
    names = ("one", "two", "three", "four")
    catalog = build_catalog({name: copy_model(name) for name in names})
    alone = Models(catalog, device="cpu")
    pipeline = alone.load("one").pipeline
    denoiser = module_bytes(pipeline.unet)
    shared = module_bytes(pipeline.vae) + module_bytes(pipeline.text_encoder)
    alone.close()

    models = Models(catalog, device="cpu", budget_bytes=shared + int(3.5 * denoiser))
    vae = models.load("one").pipeline.vae
    for name in names[1:]:
        assert models.load(name).pipeline.vae is vae
    assert models.resident_ids() == set(names[1:])
    models.close()


def test_what_differs_is_not_shared(copy_model: Callable[..., Path], build_catalog: BuildCatalog) -> None:
    """A component with another byte in its files, another class, another dtype or another switch is not shared."""
    folders = {name: copy_model(name) for name in ("one", "scaled", "one-half", "one-tiled")}
    config = folders["scaled"] / "vae/config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"scaling_factor": 0.5}))
    catalog = build_catalog({"one": folders["one"], "scaled": folders["scaled"]})
    half = build_catalog({"one-half": folders["one-half"]}, dtype="bfloat16").models["one-half"]
    tiled = build_catalog({"one-tiled": folders["one-tiled"]}, vae_tiling_above_pixels=4096).models["one-tiled"]
    catalog = catalog.model_copy(update={"models": {**catalog.models, "half": half, "tiled": tiled}})
    models = Models(catalog, device="cpu")

    vaes = {id(models.load(name).pipeline.vae) for name in ("one", "scaled", "half", "tiled")}
    encoders = {id(models.load(name).pipeline.text_encoder) for name in ("one", "scaled", "half")}

    assert len(vaes) == 4
    assert len(encoders) == 2
    models.close()


def test_weights_are_hashed_once(
    copy_model: Callable[..., Path], build_catalog: BuildCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that was evicted is loaded again without hashing its files again, unless they changed."""
    folder = copy_model("one")
    models = Models(build_catalog({"one": folder}), device="cpu")
    first = models.load("one").file_sha256
    models.close()
    opened: list[str] = []

    def note(path: Path) -> str:
        opened.append(path.name)
        return "0" * 64

    monkeypatch.setattr("worker.rendering.models.digests._hash_file", note)
    assert models.load("one").file_sha256 == first
    assert opened == []
    models.close()
    unet = folder / "unet/diffusion_pytorch_model.safetensors"
    shutil.copy(unet, unet.with_name("again"))
    unet.with_name("again").replace(unet)
    assert models.load("one").file_sha256 != first
    assert opened == [unet.name]
    models.close()
