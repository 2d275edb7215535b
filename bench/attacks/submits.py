"""`python -m bench.attacks.submits [--other CHECKOUT]`: how long a submit takes, plain and with a picture of 1 megapixel.

With OTHER, say of the commit before a change, in turns with it; OTHER has its own environment (`make .venv/.installed` there).
One client sends one request after another to the API as it is deployed; the worker is paused.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import io
import json
import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image

from infra.local import LocalStack

_HERE = Path(__file__).parents[2]
_SIDE = 1024


def main() -> None:
    """Print for each kind of request the median of the rounds' medians, in ms, here and there, and the ratio by round."""
    parser = argparse.ArgumentParser(prog="python -m bench.attacks.submits", description=__doc__)
    parser.add_argument("--other", type=Path, help="another checkout")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=60, help="of each kind in a round")
    parser.add_argument("--measure", action="store_true", help="measure the code on the path, and print JSON")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(_measure(options.requests)))
        return

    checkouts = [_HERE, *([options.other.resolve()] if options.other else [])]
    medians: dict[Path, defaultdict[str, list[float]]] = {each: defaultdict(list) for each in checkouts}
    for number in range(options.rounds):
        for checkout in checkouts[:: 1 if number % 2 == 0 else -1]:
            for kind, milliseconds in _run(checkout, options.requests).items():
                medians[checkout][kind].append(milliseconds)
    for kind in medians[_HERE]:
        line = f"{kind}: " + ", ".join(f"{_say(medians[each][kind])} ms in {each.name}" for each in checkouts)
        if options.other:
            ratios = [here / there for here, there in zip(*(medians[each][kind] for each in checkouts), strict=True)]
            line += f"; ratio {_say(ratios)}"
        print(line)


def _say(values: list[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f}, {len(values)} rounds)"


def _run(checkout: Path, requests: int) -> dict[str, float]:
    """One round, with the code and the environment of the checkout, and this file."""
    run = subprocess.run(
        [checkout / ".venv" / "bin" / "python", __file__, "--measure", "--requests", str(requests)],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    medians: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return medians


def _measure(requests: int) -> dict[str, float]:
    with LocalStack() as stack:
        stack.part("worker-1").pause()
        connection = http.client.HTTPConnection("127.0.0.1", int(stack.url.rpartition(":")[2]))
        headers = {"Authorization": f"Bearer {stack.api_key}", "Content-Type": "application/json"}
        latencies: defaultdict[str, list[float]] = defaultdict(list)
        bodies = _build_bodies()
        for number in range(-5, requests):
            for kind, body in bodies.items():
                started = time.perf_counter()
                connection.request("POST", "/v1/jobs", body, headers)
                response = connection.getresponse()
                answer = response.read()
                if response.status != http.HTTPStatus.ACCEPTED:
                    sys.exit(f"{kind}: {response.status} {answer!r}")
                if number >= 0:
                    latencies[kind].append((time.perf_counter() - started) * 1000)
        connection.close()
        stack.part("worker-1").resume()
    return {kind: median(values) for kind, values in latencies.items()}


def _build_bodies() -> dict[str, bytes]:
    plain: dict[str, Any] = {"prompt": "a red mug", "width": 64, "height": 64, "num_inference_steps": 2}
    bodies = {"plain": plain}
    for format_, media_type in (("JPEG", "image/jpeg"), ("PNG", "image/png")):
        buffer = io.BytesIO()
        _build_photograph().save(buffer, format_, quality=90)
        uri = f"data:{media_type};base64,{base64.b64encode(buffer.getvalue()).decode()}"
        bodies[f"1 megapixel, {format_}"] = plain | {"image": uri}
    return {kind: json.dumps(body).encode() for kind, body in bodies.items()}


def _build_photograph() -> Image.Image:
    """As much detail as a photograph's: smooth at large, with a little noise."""
    generator = random.Random(7)
    small = Image.frombytes("RGB", (64, 64), generator.randbytes(64 * 64 * 3))
    large = small.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    noise = Image.frombytes("RGB", (_SIDE, _SIDE), generator.randbytes(_SIDE * _SIDE * 3))
    return Image.blend(large, noise, 0.04)


if __name__ == "__main__":
    main()
