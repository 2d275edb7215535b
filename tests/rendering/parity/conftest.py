"""The tiny families, loaded, with room for all that want to share a forward."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rendering.resuming import TinyModels
from worker.rendering.batching.admission import Admission


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyModels]:
    """Every family, each loaded when it is first asked for."""
    models = TinyModels(tmp_path_factory.mktemp("models"))
    yield models
    models.close()


@pytest.fixture(scope="package", autouse=True)
def _room_for_all() -> Iterator[None]:
    """What is measured of models so tiny says, on a busy machine, now that sharing pays and now that it does not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Admission, "limit", lambda _self, _shape: 64)
        yield
