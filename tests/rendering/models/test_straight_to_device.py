"""Weights go to the device as they are read, and not through main memory whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DiffusionPipeline, UNet2DConditionModel

from tests.rendering.models.conftest import BuildCatalog
from tests.rendering.models.single_file import write_single_file
from worker.rendering.models.loading import load_pipeline
from worker.rendering.models.memory import module_bytes
from worker.rendering.models.sources import ModelSources

#: A device that keeps shapes and no weights: what is in main memory after a load to it has not gone straight to it.
_ELSEWHERE = torch.device("meta")


def devices(pipeline: Any) -> set[str]:
    """The types of the devices that the components' weights are on."""
    modules = [item for item in pipeline.components.values() if isinstance(item, torch.nn.Module)]
    return {parameter.device.type for module in modules for parameter in module.parameters()}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_main_memory_holds_one_file_at_a_time(
    copy_model: Callable[..., Path], build_catalog: BuildCatalog, tmp_path: Path
) -> None:
    """A model in eight files, which is cast on its way, takes the main memory of about one of them; loaded into main memory,
    it takes the memory of the model and about one file.
    """
    folder = copy_model("heavy")
    config = UNet2DConditionModel.load_config(folder / "unet")
    heavy = UNet2DConditionModel.from_config({**config, "block_out_channels": (320, 640)})
    size = module_bytes(heavy) // 2  # in bfloat16
    (folder / "unet/diffusion_pytorch_model.safetensors").unlink()
    heavy.save_pretrained(folder / "unet", max_shard_size=f"{module_bytes(heavy) // 8 // 10**6}MB")
    del heavy
    largest = max(file.stat().st_size for file in (folder / "unet").glob("*.safetensors"))
    assert size > 3 * largest
    build_catalog({"heavy": folder, "light": copy_model("light")}, dtype="bfloat16")

    there, here = (_load(tmp_path / "models.toml", device) for device in ("meta", "cpu"))

    assert there["devices"] == ["meta"]
    assert there["peak"] < 2 * largest
    assert size < here["peak"] < size + 2 * largest


@pytest.mark.parametrize("family", ["sd15", "sdxl", "flux-schnell", "z-image"])
def test_every_component_goes_there(
    family: str, tiny_folders: Callable[[str], Path], build_catalog: BuildCatalog
) -> None:
    """Denoisers, autoencoders and text encoders go to the device while they are loaded."""
    sources = ModelSources(build_catalog({"model": tiny_folders(family)}), _ELSEWHERE)

    assert devices(load_pipeline(sources.plan("model"), {})) == {"meta"}


def test_shared_components_stay_where_they_are(
    tiny_folders: Callable[[str], Path], build_catalog: BuildCatalog
) -> None:
    """A component that another model has loaded is not loaded again."""
    catalog = build_catalog({"model": tiny_folders("sd15")})
    vae = DiffusionPipeline.from_pretrained(tiny_folders("sd15")).vae

    pipeline = load_pipeline(ModelSources(catalog, _ELSEWHERE).plan("model"), {"vae": vae})

    assert pipeline.vae is vae
    assert {parameter.device.type for parameter in vae.parameters()} == {"cpu"}
    assert {parameter.device.type for parameter in pipeline.unet.parameters()} == {"meta"}


def test_offloaded_weights_stay_in_main_memory(
    tiny_folders: Callable[[str], Path], build_catalog: BuildCatalog
) -> None:
    """A model whose weights move to the device one component at a time is loaded into main memory."""
    catalog = build_catalog({"model": tiny_folders("sd15")}, offload="model")

    assert devices(load_pipeline(ModelSources(catalog, _ELSEWHERE).plan("model"), {})) == {"cpu"}


def test_a_second_gpu_is_a_device_too(tiny_folders: Callable[[str], Path], build_catalog: BuildCatalog) -> None:
    """A device with a number (`cuda:1`; here `meta:1`), which a pipeline's loader does not know, is known to each component."""
    sources = ModelSources(build_catalog({"model": tiny_folders("sd15")}), torch.device("meta", 1))

    assert devices(load_pipeline(sources.plan("model"), {})) == {"meta"}


def test_a_single_file_goes_there_too(copy_model: Callable[..., Path], build_catalog: BuildCatalog) -> None:
    """The denoiser and the autoencoder of a single file go to the device while they are read."""
    folder = copy_model("model")
    write_single_file(folder, folder / "whole.safetensors")
    catalog = build_catalog({"folder": folder})
    usual = catalog.models["folder"].model_dump() | {
        "source": {"file": "whole.safetensors", "config": "."},
        "pipeline": "StableDiffusionPipeline",
    }
    entry = catalog.models["folder"].model_validate(usual)
    catalog = catalog.model_copy(update={"models": {"file": entry}, "folder": folder})

    pipeline = load_pipeline(ModelSources(catalog, _ELSEWHERE).plan("file"), {})

    assert devices(pipeline) - {"cpu"} == {"meta"}
    assert {parameter.device.type for parameter in pipeline.unet.parameters()} == {"meta"}


def _load(catalog: Path, device: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.rendering.models.load_elsewhere", str(catalog), f"--device={device}"]
    # Freed memory goes back at once, so that the peak is what is in use.
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"}
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    figures: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return figures
