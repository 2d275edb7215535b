"""The other accounts, which send plain jobs and pictures at a steady rate, and somebody who asks whether the API is alive."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.attacks.bodies import build_picture, build_request_with
from infra.local.ports import LOOPBACK

_PLAIN = json.dumps({"prompt": "a red mug", "width": 64, "height": 64, "num_inference_steps": 1}).encode()
_PATIENCE_SECONDS = 120


@dataclass
class Noticed:
    """What the others got, by what they sent: `plain`, `picture`, `livez`."""

    #: Seconds.
    latencies: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    #: Statuses other than the one that is right.
    failures: list[str] = field(default_factory=list)
    job_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Habit:
    name: str
    method: str
    path: str
    expected: int
    body: bytes = b""
    every_seconds: float = 0.1


@contextmanager
def bystanders(port: int, *, plain_key: str, picture_key: str) -> Iterator[Noticed]:
    """They work while the block runs; then all of it has been noticed. Each waits for an answer before it sends again."""
    noticed, is_over = Noticed(), threading.Event()
    picture = build_request_with(build_picture(256, 256))
    habits = [
        (_Habit("plain", "POST", "/v1/jobs", 202, _PLAIN), plain_key),
        (_Habit("picture", "POST", "/v1/jobs", 202, picture, every_seconds=0.2), picture_key),
        (_Habit("livez", "GET", "/livez", 200), ""),
    ]
    threads = [threading.Thread(target=_follow, args=(port, *habit, noticed, is_over)) for habit in habits]
    for thread in threads:
        thread.start()
    try:
        yield noticed
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def _follow(port: int, habit: _Habit, api_key: str, noticed: Noticed, is_over: threading.Event) -> None:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_PATIENCE_SECONDS)
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
    while not is_over.wait(habit.every_seconds):
        started = time.perf_counter()
        try:
            connection.request(habit.method, habit.path, habit.body or None, headers)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            noticed.failures.append(f"{habit.name}: {error!r}")
            connection.close()
            continue
        noticed.latencies[habit.name].append(time.perf_counter() - started)
        if response.status != habit.expected:
            noticed.failures.append(f"{habit.name}: {response.status}")
        elif habit.method == "POST":
            noticed.job_ids.append(json.loads(answer)["id"])
    connection.close()
