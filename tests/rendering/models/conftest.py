"""Folders with tiny models, and catalogs that name them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.tiny_families import FAMILIES
from core.catalog import Catalog, load_catalog

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
