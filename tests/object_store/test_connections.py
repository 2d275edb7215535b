"""Threads that call the store at the same time each keep a connection."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.artifacts.storage import bucket, bucket_in_a_hurry
from tests.object_store.conftest import OpenStore


@pytest.mark.parametrize("settings", [{}, {"API_THREADS": "1", "S3_UPLOAD_THREADS": "32", "RENDER_CONCURRENCY": "31"}])
def test_64_threads_have_a_connection_each(
    open_store: OpenStore, caplog: pytest.LogCaptureFixture, settings: dict[str, str]
) -> None:
    """Of 64 threads that put and get at once none loses its connection, by either client, in the API or in a worker."""
    store = open_store(**settings)
    together = threading.Barrier(64)
    clients = (bucket(), bucket_in_a_hurry())

    def use(number: int) -> bool:
        key = f"artifacts/{number}/1/0.png"
        for client in clients:
            together.wait(timeout=60)
            client.put(key, b"pixels", media_type="image/png", sha256="0" * 64)
            together.wait(timeout=60)
            if client.get(key) != b"pixels":
                return False
        return True

    with caplog.at_level(logging.DEBUG, logger="urllib3"), ThreadPoolExecutor(64) as threads:
        assert all(threads.map(use, range(64)))

    assert [record.getMessage() for record in caplog.records if "full" in record.getMessage()] == []
    assert len(store.seen) >= 256
