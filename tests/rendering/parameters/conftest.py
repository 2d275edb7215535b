"""The tiny families as a catalog."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rendering.parameters.walk import Walk


@pytest.fixture(scope="session")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Every family, each loaded at its first use."""
    walk = Walk(tmp_path_factory.mktemp("walked"))
    yield walk
    walk.close()
