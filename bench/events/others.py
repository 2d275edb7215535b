"""Everybody else: somebody who asks whether the API is alive, and somebody who sends jobs."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.events.clients import BODY, Client
from infra.local.ports import LOOPBACK

_EVERY_SECONDS = 0.1


@contextmanager
def others(client: Client) -> Iterator[dict[str, list[float]]]:
    """They work while the block runs; what they noticed is in milliseconds, by what they did."""
    noticed: dict[str, list[float]] = {"livez": [], "submit": []}
    is_over = threading.Event()
    threads = [
        threading.Thread(target=_follow, args=(client, noticed["livez"], is_over, "/livez", None)),
        threading.Thread(target=_follow, args=(client, noticed["submit"], is_over, "/v1/jobs", BODY)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield noticed
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def _follow(client: Client, noticed: list[float], is_over: threading.Event, path: str, body: bytes | None) -> None:
    connection = http.client.HTTPConnection(LOOPBACK, client.port, timeout=60)
    while not is_over.wait(_EVERY_SECONDS):
        began = time.perf_counter()
        connection.request("GET" if body is None else "POST", path, body, client.headers(0))
        connection.getresponse().read()
        noticed.append((time.perf_counter() - began) * 1000)
    connection.close()
