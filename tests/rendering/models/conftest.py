"""Folders with tiny models, and catalogs that name them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.models_file import write_section
from bench.tiny_families import FAMILIES
from core.catalog import Catalog, load_catalog
from worker.rendering.models import LoadedModel, Models
from worker.rendering.models.memory import module_bytes

#: Builds a catalog of models by id, each with its folder and the fields that differ from the usual ones.
BuildCatalog = Callable[..., Catalog]

_USUAL: dict[str, Any] = {
    "revision": "1",
    "licence": "Apache-2.0",
    "commercial_use": True,
    "default_width": 64,
    "default_height": 64,
    "max_width": 128,
    "max_height": 128,
    "default_steps": 2,
    "max_steps": 10,
    "default_guidance_scale": 4.0,
    "schedulers": ["ddim", "euler"],
    "default_scheduler": "ddim",
}


@pytest.fixture(scope="session")
def tiny_folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a family's tiny model, built once. Tests must not change it: they copy it."""
    made: dict[str, Path] = {}

    def find(family: str) -> Path:
        if family not in made:
            made[family] = tmp_path_factory.mktemp(family)
            FAMILIES[family].build(made[family])
        return made[family]

    return find


@pytest.fixture
def copy_model(tiny_folders: Callable[[str], Path], tmp_path: Path) -> Callable[..., Path]:
    """A copy of a tiny model, with a denoiser of its own, so that no two copies are the same model."""

    def copy(name: str, *, family: str = "sd15") -> Path:
        return Path(shutil.copytree(tiny_folders(family), tmp_path / name))

    return copy


@pytest.fixture
def build_catalog(tmp_path: Path) -> BuildCatalog:
    """Write a models file and read it."""

    def build(folders: dict[str, Path], **fields: Any) -> Catalog:
        lines = []
        for model_id, folder in folders.items():
            entry = {"source": str(folder), **_USUAL, **fields}
            # JSON's strings, numbers, lists and booleans are also TOML's.
            lines += [f'[models."{model_id}"]', *(f"{name} = {json.dumps(value)}" for name, value in entry.items())]
        file = tmp_path / "models.toml"
        file.write_text("\n".join(lines))
        return load_catalog(file)

    return build


@pytest.fixture
def catalog(copy_model: Callable[..., Path], build_catalog: BuildCatalog) -> Catalog:
    """Three models of equal size that have nothing in common."""
    folders = {name: copy_model(name) for name in ("red", "green", "blue")}
    for name, folder in folders.items():
        for config in folder.glob("*/config.json"):
            # Different content, so that nothing is shared.
            config.write_text(config.read_text().replace("{", f'{{"_told_apart": "{name}",', 1))
    return build_catalog(folders)


@pytest.fixture(scope="session")
def size(tiny_folders: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> int:
    """The bytes of one of the models in memory."""
    file = tmp_path_factory.mktemp("size") / "models.toml"
    file.write_text(write_section("any", str(tiny_folders("sd15"))))
    models = Models(load_catalog(file), device="cpu")
    size = weigh(models.load("any"))
    models.close()
    return size


def weigh(model: LoadedModel) -> int:
    """The bytes of the model's components."""
    modules = [item for item in model.pipeline.components.values() if isinstance(item, torch.nn.Module)]
    return sum(module_bytes(module) for module in modules)
