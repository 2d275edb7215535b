"""The models and LoRAs that the tests of this folder draw with, built once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rendering.adapters.tiny_loras import ModelFolder
from worker.rendering.models import Models

#: From model ids to families; two models share one family's text encoder.
MODELS = {"sd15": "sd15", "sd15.copy": "sd15", "sdxl": "sdxl", "flux-dev": "flux-dev"}

FAMILIES_WITH_ENCODERS = {"sd15": True, "sdxl": True, "flux-dev": False}


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """Two LoRAs for each family, `FAMILY-one` and `FAMILY-two`, the first with layers in the text encoders if they can have some."""
    model_folder = ModelFolder(tmp_path_factory.mktemp("loras"), MODELS)
    for family, encoders in FAMILIES_WITH_ENCODERS.items():
        model_folder.make_lora(f"{family}-one", family, seed=1, encoders=encoders)
        model_folder.make_lora(f"{family}-two", family, seed=2, rank=2)
    return model_folder


@pytest.fixture(scope="module")
def models(model_folder: ModelFolder) -> Iterator[Models]:
    """The models as a worker has them."""
    loras = {f"{family}-{name}": [family] for family in FAMILIES_WITH_ENCODERS for name in ("one", "two")}
    loras |= {f"sd15-{name}": ["sd15", "sd15.copy"] for name in ("one", "two")}
    models = model_folder.open(loras)
    yield models
    models.close()


@pytest.fixture
def lora_folder(model_folder: ModelFolder) -> Path:
    return model_folder.path
