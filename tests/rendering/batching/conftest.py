"""A tiny Stable Diffusion, loaded as a worker loads it: in float32, and once more in float64."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.rendering.batching.company import SEVEN, Outcome, draw_alone, with_changes
from tests.rendering.resuming import TinyModels
from worker.rendering.models import LoadedModel


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's files."""
    folder = tmp_path_factory.mktemp("batching")
    TinyModels(folder, ["sd15"], forwards=1).close()
    return folder


@pytest.fixture
def single(folder: Path) -> Iterator[LoadedModel]:
    """In float32, as it is served. Loaded for each test, because batchers learn."""
    models = TinyModels(folder, ["sd15"], forwards=1)
    yield models.get("sd15")
    models.close()


@pytest.fixture
def double(folder: Path) -> Iterator[LoadedModel]:
    """In float64: kernels that sum in another order for another number of rows differ by less than a pixel level."""
    models = TinyModels(folder, ["sd15"], forwards=1)
    model = models.get("sd15")
    model.pipeline.to(torch.float64)
    yield dataclasses.replace(model, dtype=torch.float64)
    models.close()


@pytest.fixture(scope="session")
def seven_alone(folder: Path) -> list[Outcome]:
    """The outcomes of the seven jobs when each has the float64 model alone."""
    models = TinyModels(folder, ["sd15"], forwards=1)
    model = models.get("sd15")
    model.pipeline.to(torch.float64)
    alone = draw_alone(model, with_changes(SEVEN, deterministic=False))
    models.close()
    return alone
