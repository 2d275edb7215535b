"""A tiny Stable Diffusion, loaded as a worker loads it: in float32, and once more in float64."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from tests.rendering.batching.company import SEVEN, Outcome, draw_alone, with_changes
from tests.rendering.resuming import TinyModels
from worker.rendering.batching import Batcher
from worker.rendering.denoisers import find_step_modules
from worker.rendering.models import LoadedModel


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's files."""
    folder = tmp_path_factory.mktemp("batching")
    TinyModels(folder, ["sd15"]).close()
    return folder


@pytest.fixture
def single(folder: Path) -> Iterator[LoadedModel]:
    """In float32, as it is served. Fresh for each test: batchers learn."""
    models = TinyModels(folder, ["sd15"])
    with _one_runner(models.get("sd15")) as model:
        yield model
    models.close()


@pytest.fixture
def double(folder: Path) -> Iterator[LoadedModel]:
    """In float64: kernels that sum in another order for another number of rows differ by less than a pixel shows."""
    models = TinyModels(folder, ["sd15"])
    with _one_runner(models.get("sd15")) as model:
        model.pipeline.to(torch.float64)
        yield dataclasses.replace(model, dtype=torch.float64)
    models.close()


@contextmanager
def _one_runner(model: LoadedModel) -> Iterator[LoadedModel]:
    """The model as on a GPU: on a CPU jobs divide themselves among several runners, and few of them share a forward."""
    model.batcher.close()
    batcher = Batcher(find_step_modules(model.pipeline), name=model.id)
    yield dataclasses.replace(model, batcher=batcher)
    batcher.close()


@pytest.fixture(scope="session")
def seven_alone(folder: Path) -> list[Outcome]:
    """What the seven come to when each has the float64 model to itself."""
    models = TinyModels(folder, ["sd15"])
    model = models.get("sd15")
    model.pipeline.to(torch.float64)
    alone = draw_alone(model, with_changes(SEVEN, deterministic=False))
    models.close()
    return alone
