"""`python -m bench.held_calls`: a hundred calls of OpenAI's Images API wait at once through one API process, while others ask whether it
lives; exits with 1 if one is lost or doubled, or above the limit.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx2

from bench.figures import percentile
from bench.machine import describe_machine
from infra.local import LocalStack

#: Milliseconds of `/livez` at the 99th percentile.
_LIMIT_MS = 100.0

#: Seconds between two questions.
_PAUSE_SECONDS = 0.02


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.held_calls", description=__doc__)
    parser.add_argument("--calls", type=int, default=100, help="that wait at the same time")
    parser.add_argument("--result", type=Path, help="where to write the figures, as JSON")
    options = parser.parse_args()
    with LocalStack() as stack:
        machine = describe_machine([])
        figures = _measure(stack, options.calls)
    result = {"machine": machine, "calls": options.calls, **figures}
    print(json.dumps(result, indent=2))
    if options.result is not None:
        options.result.write_text(json.dumps(result, indent=2) + "\n")
    is_whole = figures["answered"] == figures["jobs"] == figures["different_jobs"] == options.calls
    sys.exit(not (is_whole and figures["livez_ms"]["p99"] < _LIMIT_MS))


def _measure(stack: LocalStack, calls: int) -> dict[str, Any]:
    livez: list[float] = []
    with (
        httpx2.Client(base_url=stack.url, headers={"Authorization": f"Bearer {stack.api_key}"}) as http,
        # Those who call must not keep the one who measures from its own interpreter.
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as callers,
    ):
        # The first one waits for the model to be loaded; it is not among the hundred.
        callers.submit(_call_all, stack.url, stack.api_key, 1).result()
        started = time.perf_counter()
        all_calls = callers.submit(_call_all, stack.url, stack.api_key, calls)
        while not all_calls.done():
            asked = time.perf_counter()
            http.get("/livez").raise_for_status()
            livez.append((time.perf_counter() - asked) * 1000)
            time.sleep(_PAUSE_SECONDS)
        seconds = time.perf_counter() - started
        job_ids = all_calls.result()
        jobs = _count_jobs(http) - 1
    return {
        "answered": len(job_ids),
        "different_jobs": len(set(job_ids)),
        "jobs": jobs,
        "seconds": round(seconds, 2),
        "livez_ms": {f"p{each}": round(percentile(livez, each), 1) for each in (50, 99, 100)},
        "livez_asked": len(livez),
    }


def _call_all(url: str, api_key: str, calls: int) -> list[str]:
    """Calls at once, and returns the ids of their jobs. Runs in a process of its own."""
    limits = httpx2.Limits(max_connections=None)
    with (
        httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {api_key}"}, timeout=300, limits=limits) as http,
        ThreadPoolExecutor(calls) as threads,
    ):

        def call(_number: int) -> str:
            answer = http.post(
                "/openai/v1/images/generations", json={"prompt": "a red mug", "size": "64x64", "steps": 2}
            )
            return str(answer.raise_for_status().json()["job_id"])

        return list(threads.map(call, range(calls)))


def _count_jobs(http: httpx2.Client) -> int:
    jobs, cursor = 0, ""
    while cursor is not None:
        page = http.get(
            "/v1/jobs", params={"limit": 100, "fields": "id", **({"cursor": cursor} if cursor else {})}
        ).json()
        jobs, cursor = jobs + len(page["data"]), page["next_cursor"]
    return jobs


if __name__ == "__main__":
    main()
