"""The tiny families, loaded, with a limit of rows that lets all jobs share a forward."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rendering.resuming import TinyModels
from worker.rendering.batching.admission import Admission


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyModels]:
    """Every family, each loaded at its first use."""
    models = TinyModels(tmp_path_factory.mktemp("models"), forwards=1)
    yield models
    models.close()


@pytest.fixture(scope="package", autouse=True)
def _room_for_all() -> Iterator[None]:
    """On a busy machine, measurements of such tiny models say at one time that sharing pays and at another that it does not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Admission, "limit", lambda _self, _shape: 64)
        yield
