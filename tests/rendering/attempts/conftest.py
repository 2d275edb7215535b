"""A worker's runtime in this process, on the real servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tests.integration.conftest import account_id, database, submit  # noqa: F401  (fixtures)
from worker.rendering.runtime import Runtime, get_runtime


@pytest.fixture
def runtime(database: None) -> Iterator[Runtime]:  # noqa: F811
    """The shipped models on the CPU. The process lives on if its device is lost."""
    runtime = get_runtime.__wrapped__()
    # As they are set up for tests, a traceback in colours, with the variables of every frame, would take minutes.
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    yield runtime
    structlog.configure(**before)
    runtime.models.close()
    runtime.uploads.shutdown()
    runtime.checkpoint_writer.close()


def _drop(*_: Any) -> Any:
    raise structlog.DropEvent
