"""CPU time and memory of each refused body, in an API in this process on real servers."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flask.testing import FlaskClient

from bench.bodies.memory import read_peak, read_resident, reset_peak


@dataclass(frozen=True)
class Cost:
    """What one body cost."""

    name: str
    status: int
    #: The least of the tries, so that other work on the machine counts as little as possible.
    cpu_ms: float
    #: Above what the process had before, the body itself not counted.
    peak_mb: float


def measure_bodies(
    client: FlaskClient, api_key: str, bodies: Iterable[tuple[str, bytes]], *, path: str, tries: int
) -> Iterator[Cost]:
    """Send each body and yield what it cost."""
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json", "Idempotency-Key": "bench"}
    # So that a collection of garbage looks at what a request has made, as in the API.
    gc.collect()
    gc.freeze()
    for name, body in bodies:
        cpu, peak, status = [], 0, 0
        for _ in range(tries):
            reset_peak()
            before = read_resident()
            started = time.process_time()
            response = client.post(path, data=body, headers=headers)
            cpu.append(time.process_time() - started)
            peak = max(peak, read_peak() - before)
            status = response.status_code
        yield Cost(name, status, min(cpu) * 1000, peak / 1e6)
