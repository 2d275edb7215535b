"""Servers, command lines and clients of the embedded stack for the tests of this folder."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import botocore.config
import psutil
import psycopg
import pytest

from infra.local import LocalStack

REPOSITORY = Path(__file__).resolve().parents[2]

#: Started as `run_stack("run", "--only", "redis", "--", …)`.
RunStack = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="package")
def servers() -> Iterator[LocalStack]:
    """One stack of the three servers, on a throw-away data folder."""
    with LocalStack(only=("database", "redis", "storage")) as stack:
        yield stack


@pytest.fixture
def run_stack() -> Iterator[RunStack]:
    """Start `python -m infra.local` with these arguments; whatever is left of it at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, prefix: tuple[str, ...] = (), python: str = sys.executable) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*prefix, python, "-m", "infra.local", *arguments],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start

    for process in started:
        if process.poll() is None:
            for each in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
        process.communicate()


@pytest.fixture
def connect_s3() -> Callable[[Mapping[str, str]], Any]:
    """Make a boto3 client from a stack's environment."""

    def connect(environment: Mapping[str, str]) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=environment["S3_ENDPOINT_URL"],
            region_name=environment["S3_REGION"],
            aws_access_key_id=environment["S3_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["S3_SECRET_ACCESS_KEY"],
            config=botocore.config.Config(
                signature_version="s3v4",
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    return connect


@pytest.fixture
def query() -> Callable[..., list[tuple[Any, ...]]]:
    """Run one statement on a stack's database, and return its rows."""

    def run(environment: Mapping[str, str], statement: str) -> list[tuple[Any, ...]]:
        url = environment["DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(url) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def wait_until() -> Callable[..., None]:
    """Return as soon as a condition holds; fail the test if it does not within some seconds."""

    def wait(condition: Callable[[], bool], what: str, seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.02)

    return wait
