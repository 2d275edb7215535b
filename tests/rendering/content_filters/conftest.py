"""Tiny models with a safety checker, loaded as a worker loads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bench.models_file import write_section
from core.catalog import load_catalog
from tests.rendering.content_filters.checkers import build_checked_model, build_checker
from worker.rendering.models import LoadedModel, Models

#: Each has pipelines that ask a checker.
CHECKED = ("sd15", "lcm", "sd15-controlnet")

#: The model of a family; its checker objects to nothing yet.
LoadChecked = Callable[[str], LoadedModel]


@pytest.fixture(scope="session")
def checked_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    """The families with a checker."""
    folder = tmp_path_factory.mktemp("checked")
    for family in CHECKED:
        build_checked_model(family, folder / family)
    sections = [write_section(family, family) for family in CHECKED]
    sections.append(write_section("unchecked", "sd15", safety_checker=False))
    (folder / "models.toml").write_text("".join(sections))
    models = Models(load_catalog(folder / "models.toml"), device="cpu", budget_bytes=2**31, forwards=1)
    yield models
    models.close()


@pytest.fixture
def load_checked(checked_models: Models) -> LoadChecked:
    """Loads a family's model; what an earlier test let its checker object to is forgotten."""

    def load(family: str) -> LoadedModel:
        model = checked_models.load(family)
        model.pipeline.safety_checker.load_state_dict(build_checker().state_dict())
        return model

    return load
