"""`python -m bench.held_calls`: a hundred calls of OpenAI's Images API wait at once through one API process, while others ask whether it
lives; exits with 1 if one is lost or doubled, or above the limit.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
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
    headers = {"Authorization": f"Bearer {stack.api_key}"}
    limits = httpx2.Limits(max_connections=None)
    over, livez = threading.Event(), []
    with httpx2.Client(base_url=stack.url, headers=headers, timeout=300, limits=limits) as http:

        def call(_number: int) -> str:
            body = {"prompt": "a red mug", "size": "64x64", "steps": 2}
            return str(http.post("/openai/v1/images/generations", json=body).raise_for_status().json()["job_id"])

        def ask() -> None:
            with httpx2.Client(base_url=stack.url) as other:
                while not over.is_set():
                    started = time.perf_counter()
                    other.get("/livez").raise_for_status()
                    livez.append((time.perf_counter() - started) * 1000)
                    time.sleep(_PAUSE_SECONDS)

        call(0)
        asking = threading.Thread(target=ask)
        asking.start()
        started = time.perf_counter()
        with ThreadPoolExecutor(calls) as callers:
            job_ids = list(callers.map(call, range(calls)))
        seconds = time.perf_counter() - started
        over.set()
        asking.join()
        # The first one, which waited for the model to be loaded, is not among the hundred.
        jobs, cursor = -1, None
        while jobs < 0 or cursor is not None:
            page = http.get("/v1/jobs", params={"limit": 100, **({"cursor": cursor} if cursor else {})}).json()
            jobs, cursor = jobs + len(page["data"]), page["next_cursor"]
    return {
        "answered": len(job_ids),
        "different_jobs": len(set(job_ids)),
        "jobs": jobs,
        "seconds": round(seconds, 2),
        "livez_ms": {f"p{each}": round(percentile(livez, each), 1) for each in (50, 99, 100)},
        "livez_asked": len(livez),
    }


if __name__ == "__main__":
    main()
