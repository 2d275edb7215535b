"""The API as it is deployed, for raw sockets, and receivers of webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.http.receivers import Receivers


@pytest.fixture
def receivers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receivers]:
    """Receivers under one name and port."""
    with ExitStack() as closing:
        yield Receivers(closing, monkeypatch)
