"""The real parts that tests stand on: the embedded servers alone, or the whole service on them."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

# Before torch, diffusers or transformers: on shared cores OpenMP's waiting threads must not spin, and torchvision may be of
# another build than torch.
import worker.rendering  # noqa: F401  (it sets both)
from infra.local import LocalStack
from tests.warm.start_warm import start_warm

# As processes of ours write them: drawn in frames with the source around each call, those of the tests that provoke errors took
# a twentieth of all time.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

# Until all tests are collected: imports leave little garbage, and looking for it takes a fifth of their time.
gc.disable()

REPOSITORY = Path(__file__).resolve().parents[1]

# A shell that starts the tests in the background has them, and every process that they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

#: Of the shared stack: even a job of a few seconds has a checkpoint to resume from.
CHECKPOINT_SECONDS = 1.0


def pytest_collection_finish() -> None:
    gc.enable()


@pytest.fixture(scope="module", autouse=True)
def _frozen_imports() -> None:
    """What is in memory when a file's tests begin, most of it imported libraries, is left out of garbage collections.

    Each model that is evicted is followed by a full one, which takes most of a second with torch and diffusers imported.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def servers() -> Iterator[LocalStack]:
    """PostgreSQL (migrated), Valkey and S3 without any process of ours; this process's settings point at them."""
    with LocalStack(only=("database", "redis", "storage")) as stack:
        os.environ.update(stack.environment)
        yield stack


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """The whole service with one rendering worker. A test that breaks a part puts it back."""
    environment = {"CHECKPOINT_SECONDS": str(CHECKPOINT_SECONDS)}
    with LocalStack(environment=environment, start_process=start_warm) as stack:
        yield stack
