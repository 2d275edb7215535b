"""The tiny families that inpaint, in a folder, and loaded as a worker loads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rendering.inpainting.painting import FAMILY_IDS
from tests.rendering.resuming import TinyModels


@pytest.fixture(scope="session")
def family_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds a folder for each family, once `tiny_models` has built them."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def tiny_models(family_folder: Path) -> Iterator[TinyModels]:
    """Every family that inpaints, each loaded at its first use."""
    models = TinyModels(family_folder, FAMILY_IDS)
    yield models
    models.close()
