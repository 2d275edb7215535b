"""A worker's runtime in this process, on the real servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from tests.integration.conftest import account_id, database, submit  # noqa: F401  (fixtures)
from worker.rendering.runtime import Runtime, get_runtime


@pytest.fixture
def runtime(database: None) -> Iterator[Runtime]:  # noqa: F811
    """The shipped models on the CPU. The process lives on if its device is lost."""
    runtime = get_runtime.__wrapped__()
    # A traceback in colours, with the variables of every frame, would take minutes.
    with capture_logs():
        yield runtime
    runtime.models.close()
    runtime.uploads.shutdown()
    runtime.checkpoint_writer.close()
