"""CPU time and memory of each refused body, in an API in this process on real servers."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flask.testing import FlaskClient

from bench.bodies.memory import ProcessMemory, return_freed


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
    memory = ProcessMemory()
    for name, body in bodies:
        cpu, peak, status = [], 0, 0
        for _ in range(tries):
            return_freed()
            memory.reset_peak()
            before = memory.read_resident()
            started = time.process_time()
            response = client.post(path, data=body, headers=headers)
            cpu.append(time.process_time() - started)
            peak = max(peak, memory.read_peak() - before)
            status = response.status_code
        yield Cost(name, status, min(cpu) * 1000, peak / 1e6)
